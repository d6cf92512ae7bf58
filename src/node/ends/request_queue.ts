import { answerFor, formatLoad, LOAD_HEADER, type LoadReport } from "../../api/mod.ts";
import { forwardLocal, type HttpTarget, type InferenceRequest } from "../../tunnel/mod.ts";
import {
  MAX_QUEUED_REQUESTS,
  SLOTS_TIMEOUT_MS,
  SPARE_REQUESTS,
  USUAL_SLOTS,
} from "../plan/defaults.ts";

/** Answered without a slot: they read, and make no token. */
const SLOTLESS =
  /^\/(tokenize|detokenize|apply-template|v1\/models|v1\/.*\/(input|count)_tokens)\b/;

export interface RequestQueueOptions {
  /** @default {forwardLocal} */
  readonly ask?: (target: HttpTarget, request: InferenceRequest) => Promise<Response>;
  /** How many requests it answers at a time. @default what it says itself */
  readonly slotsOf?: (target: HttpTarget) => Promise<number>;
  /** Milliseconds. @default {performance.now} */
  readonly now?: () => number;
}

/**
 * The requests that one llama-server of this node has to do, whichever node sends them. It gets as many requests as it has
 * slots and a few spare ones; a bounded number waits here, where a request that is given up costs nothing; the rest is
 * sent elsewhere with 429. Every answer reports the load.
 */
export class RequestQueue {
  readonly #ask: NonNullable<RequestQueueOptions["ask"]>;
  readonly #slotsOf: NonNullable<RequestQueueOptions["slotsOf"]>;
  /** In the order in which they came. */
  readonly #waiting = new Set<() => void>();
  readonly #now: () => number;
  #running = 0;
  #slots: { readonly baseUrl: string; readonly count: Promise<number> } | undefined;

  constructor(
    { ask = forwardLocal, slotsOf = readSlots, now = () => performance.now() }:
      RequestQueueOptions = {},
  ) {
    this.#now = now;
    this.#ask = ask;
    this.#slotsOf = slotsOf;
  }

  get isIdle(): boolean {
    return this.#running === 0 && this.#waiting.size === 0;
  }

  /** A request ends, and makes room for the next, when its signal aborts or nobody could be asked. */
  async ask(target: HttpTarget, request: InferenceRequest): Promise<Response> {
    if (SLOTLESS.test(request.path.split("?", 1)[0] ?? "")) return await this.#ask(target, request);
    const slots = await this.#slotCount(target);
    const cameMs = this.#now();
    if (!await this.#admit(slots, request.signal)) return this.#refusal(slots);
    const waitedMs = this.#now() - cameMs;
    try {
      const response = await this.#ask(target, request);
      response.headers.set(LOAD_HEADER, formatLoad(this.#load(slots, waitedMs)));
      whenAborted(request.signal, () => this.#leave());
      return response;
    } catch (error) {
      this.#leave();
      throw error;
    }
  }

  #load(slots: number, waitedMs: number): LoadReport {
    return { active: this.#running + this.#waiting.size, slots, waitedMs };
  }

  /** False where too many wait already. @throws the signal's reason. */
  async #admit(slots: number, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    if (this.#waiting.size === 0 && this.#running < slots + SPARE_REQUESTS) {
      this.#running++;
      return true;
    }
    if (this.#waiting.size >= MAX_QUEUED_REQUESTS) return false;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const giveUp = () => {
      // Removed at once: otherwise a slot freed in this tick goes to an aborted request and leaks.
      this.#waiting.delete(resolve);
      reject(signal.reason);
    };
    this.#waiting.add(resolve);
    signal.addEventListener("abort", giveUp, { once: true });
    try {
      await promise;
    } finally {
      this.#waiting.delete(resolve);
      signal.removeEventListener("abort", giveUp);
    }
    return true;
  }

  /** The request that waits longest takes over the slot. */
  #leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#running--;
      return;
    }
    this.#waiting.delete(next);
    next();
  }

  #slotCount(target: HttpTarget): Promise<number> {
    const { baseUrl } = target;
    if (this.#slots?.baseUrl === baseUrl) return this.#slots.count;
    const count: Promise<number> = this.#slotsOf(target).catch(() => {
      // One answer that failed says nothing of the server's whole life: the next request asks again.
      if (this.#slots?.count === count) this.#slots = undefined;
      return USUAL_SLOTS;
    });
    this.#slots = { baseUrl, count };
    return count;
  }

  #refusal(slots: number): Response {
    const { status, body } = answerFor({ kind: "overloaded", model: null });
    const headers = { [LOAD_HEADER]: formatLoad(this.#load(slots, 0)) };
    return Response.json(body, { status, headers });
  }
}

function whenAborted(signal: AbortSignal, act: () => void): void {
  if (signal.aborted) act();
  else signal.addEventListener("abort", act, { once: true });
}

async function readSlots({ baseUrl, apiKey }: HttpTarget): Promise<number> {
  const headers = apiKey === null ? {} : { authorization: `Bearer ${apiKey}` };
  const response = await fetch(`${baseUrl}/props`, {
    headers,
    signal: AbortSignal.timeout(SLOTS_TIMEOUT_MS),
  });
  const { total_slots: slots } = await response.json();
  if (typeof slots !== "number" || slots < 1) {
    throw new Error("It does not say how many slots it has");
  }
  return slots;
}
