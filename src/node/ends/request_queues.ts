import type { HttpTarget, InferenceRequest } from "../../tunnel/mod.ts";
import { MAX_IDLE_QUEUES } from "../plan/defaults.ts";
import { RequestQueue, type RequestQueueOptions } from "./request_queue.ts";

/** A queue before each llama-server of this node: requests for one model take no other's slots, and wait for no other's. */
export class RequestQueues {
  readonly #options: RequestQueueOptions;
  /** By the address of the server, which is another one after each start. */
  readonly #queues = new Map<string, RequestQueue>();

  constructor(options: RequestQueueOptions = {}) {
    this.#options = options;
  }

  /** As {@linkcode RequestQueue.ask}. */
  ask(
    target: HttpTarget,
    request: InferenceRequest,
    peer: string | null = null,
  ): Promise<Response> {
    return this.#queueOf(target).ask(target, request, peer);
  }

  /** As {@linkcode RequestQueue.drain}. */
  drain(target: HttpTarget): ((signal: AbortSignal) => Promise<void>) | null {
    return this.#queueOf(target).drain();
  }

  #queueOf({ baseUrl }: HttpTarget): RequestQueue {
    const known = this.#queues.get(baseUrl);
    if (known !== undefined) return known;
    const queue = new RequestQueue(this.#options);
    this.#queues.set(baseUrl, queue);
    this.#forgetIdle(queue);
    return queue;
  }

  /** The longest known go first: their servers have ended, as far as anybody can tell. */
  #forgetIdle(kept: RequestQueue): void {
    const idle = [...this.#queues].filter(([, queue]) => queue !== kept && queue.isIdle);
    for (const [baseUrl] of idle.slice(0, Math.max(0, idle.length - MAX_IDLE_QUEUES))) {
      this.#queues.delete(baseUrl);
    }
  }
}
