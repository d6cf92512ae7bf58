import { type HttpTarget, type InferenceRequest, TunnelError } from "../../tunnel/mod.ts";
import { STALLED_CHECK_MS, STALLED_READER_MS } from "../plan/defaults.ts";

export interface ReadersOptions {
  readonly stalledMs?: number;
  readonly stalled?: (target: HttpTarget) => void;
}

/**
 * The readers of one llama-server's answers. A connection may stay open for ever with nobody reading from it: while others
 * wait for the place, an answer of which its reader has taken no byte for long is given up.
 */
export class Readers {
  readonly #stalledMs: number;
  readonly #stalled: (target: HttpTarget) => void;
  readonly #isAwaited: () => boolean;
  readonly #read = new Map<InferenceRequest, HttpTarget>();
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @param isAwaited whether others wait */
  constructor(
    { stalledMs = STALLED_READER_MS, stalled = () => {} }: ReadersOptions,
    isAwaited: () => boolean,
  ) {
    this.#stalledMs = stalledMs;
    this.#stalled = stalled;
    this.#isAwaited = isAwaited;
  }

  /** The answer has begun; the result is called at its end. */
  watch(target: HttpTarget, request: InferenceRequest): () => void {
    if (request.heldMs === undefined) return () => {};
    this.#read.set(request, target);
    this.#timer ??= setInterval(() => this.#check(), Math.min(STALLED_CHECK_MS, this.#stalledMs));
    return () => this.#forget(request);
  }

  #check(): void {
    if (!this.#isAwaited()) return;
    for (const [request, target] of [...this.#read]) {
      const { heldMs = () => 0, lost } = request;
      if (heldMs() < this.#stalledMs) continue;
      this.#forget(request);
      this.#stalled(target);
      lost?.(new TunnelError("Its reader took nothing for a while, and others waited"));
    }
  }

  #forget(request: InferenceRequest): void {
    this.#read.delete(request);
    if (this.#read.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
