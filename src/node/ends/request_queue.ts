import { answerFor, formatLoad, LOAD_HEADER, type LoadReport } from "../../api/mod.ts";
import {
  forwardLocal,
  type HttpTarget,
  type InferenceRequest,
  TunnelError,
} from "../../tunnel/mod.ts";
import { MAX_QUEUED_REQUESTS, SPARE_REQUESTS } from "../plan/defaults.ts";
import { Readers } from "./readers.ts";
import { type Turn, Turns } from "./turns.ts";

/** Answered without a slot: they read, and make no token. */
const SLOTLESS =
  /^\/(tokenize|detokenize|apply-template|v1\/models|v1\/.*\/(input|count)_tokens)\b/;

export interface RequestQueueOptions {
  /** @default {forwardLocal} */
  readonly ask?: (target: HttpTarget, request: InferenceRequest) => Promise<Response>;
  /** Milliseconds. @default {performance.now} */
  readonly now?: () => number;
  /** A reader who takes nothing for so long loses its place to others. @default {STALLED_READER_MS} */
  readonly stalledMs?: number;
  /** Called with the server of an answer that is given up for that. */
  readonly stalled?: (target: HttpTarget) => void;
}

/** A request that waits for a slot. */
interface Waiting {
  readonly admit: () => void;
  readonly displace: () => void;
  readonly refuse: (reason: Error) => void;
}

/**
 * The requests that one llama-server of this node has to do, whichever node sends them. It gets as many requests as it has
 * slots and a few spare ones; a bounded number waits here, where a request that is given up costs nothing; the rest is
 * sent elsewhere with 429. Callers take turns, and where no more may wait, those who have most here make room for others.
 * Every answer reports the load.
 */
export class RequestQueue {
  readonly #ask: NonNullable<RequestQueueOptions["ask"]>;
  readonly #waiting = new Turns<Waiting>();
  readonly #now: () => number;
  readonly #readers: Readers;
  #running = 0;
  /** Its server is about to end. */
  #drained: PromiseWithResolvers<void> | undefined;

  constructor(
    { ask = forwardLocal, now = () => performance.now(), ...options }: RequestQueueOptions = {},
  ) {
    this.#readers = new Readers(options, () => this.#isAwaited);
    this.#now = now;
    this.#ask = ask;
  }

  get isIdle(): boolean {
    return this.#running === 0 && this.#waiting.size === 0;
  }

  /**
   * A request ends, and makes room for the next, when its signal aborts or nobody could be asked.
   * @param peer the node that sends it; `null` for a caller of this node's own.
   */
  async ask(
    target: HttpTarget,
    request: InferenceRequest,
    peer: string | null = null,
  ): Promise<Response> {
    if (SLOTLESS.test(request.path.split("?", 1)[0] ?? "")) return await this.#ask(target, request);
    const { slots = 1 } = target;
    const cameMs = this.#now();
    if (!await this.#admit(slots, turnOf(request, peer), request.signal)) {
      return this.#refusal(slots);
    }
    const waitedMs = this.#now() - cameMs;
    try {
      request.signal.throwIfAborted();
      const response = await this.#ask(target, request);
      response.headers.set(LOAD_HEADER, formatLoad(this.#load(slots, waitedMs)));
      const forget = this.#readers.watch(target, request);
      whenAborted(request.signal, () => {
        forget();
        this.#leave();
      });
      return response;
    } catch (error) {
      this.#leave();
      throw error;
    }
  }

  /**
   * Lets in no more: those that wait are refused, to be asked elsewhere, and those that have begun are answered.
   * @returns resolves when they are, or when its signal aborts; `null` where nothing has begun
   */
  drain(): ((signal: AbortSignal) => Promise<void>) | null {
    const { promise, resolve } = this.#drained ??= Promise.withResolvers();
    for (let next = this.#waiting.next(); next !== undefined; next = this.#waiting.next()) {
      next.refuse(endingError());
    }
    if (this.#running > 0) return (signal) => Promise.race([promise, aborted(signal)]);
    resolve();
    return null;
  }

  /** Others wait for the place of an answer: for its slot, or for the memory of its server. */
  get #isAwaited(): boolean {
    return this.#waiting.size > 0 || this.#drained !== undefined;
  }

  #load(slots: number, waitedMs: number): LoadReport {
    return { active: this.#running + this.#waiting.size, slots, waitedMs };
  }

  /** False where too many wait already, or others have a better right to wait. @throws the signal's reason. */
  async #admit(slots: number, turn: Turn, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    if (this.#drained !== undefined) throw endingError();
    if (this.#waiting.size === 0 && this.#running < slots + SPARE_REQUESTS) {
      this.#running++;
      return true;
    }
    if (this.#waiting.size >= MAX_QUEUED_REQUESTS) {
      const displaced = this.#waiting.displaceFor(turn);
      if (displaced === undefined) return false;
      displaced.displace();
    }
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    const waiting = { admit: () => resolve(true), displace: () => resolve(false), refuse: reject };
    const giveUp = () => {
      // Removed at once: otherwise a slot freed in this tick goes to an aborted request and leaks.
      this.#waiting.remove(turn, waiting);
      reject(signal.reason);
    };
    this.#waiting.add(turn, waiting);
    signal.addEventListener("abort", giveUp, { once: true });
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  }

  /** The request whose turn it is takes over the slot. */
  #leave(): void {
    const next = this.#waiting.next();
    if (next !== undefined) return next.admit();
    this.#running--;
    if (this.#running === 0) this.#drained?.resolve();
  }

  #refusal(slots: number): Response {
    const { status, body } = answerFor({ kind: "overloaded", model: null });
    const headers = { [LOAD_HEADER]: formatLoad(this.#load(slots, 0)) };
    return Response.json(body, { status, headers });
  }
}

function endingError(): TunnelError {
  return new TunnelError("llama-server is about to end, and answers only what it has begun");
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

function turnOf({ caller = "" }: InferenceRequest, peer: string | null): Turn {
  return peer === null
    ? { group: `caller ${caller}`, member: "" }
    : { group: `peer ${peer}`, member: caller };
}

function whenAborted(signal: AbortSignal, act: () => void): void {
  if (signal.aborted) act();
  else signal.addEventListener("abort", act, { once: true });
}
