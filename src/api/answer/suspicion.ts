import type { ForwardRequest } from "../base/types.ts";
import type { Asking } from "./answer.ts";
import type { Suspects } from "./suspects.ts";

export interface SuspicionOptions {
  readonly asking: Asking;
  readonly request: ForwardRequest;
}

/** Whether the request is what llama-server crashes of: after one crash it is asked again while no other suspect is. */
export class Suspicion implements Disposable {
  readonly #suspects: Suspects;
  readonly #request: ForwardRequest;
  #endTurn: (() => void) | undefined;

  constructor({ asking, request }: SuspicionOptions) {
    this.#suspects = asking.suspects;
    this.#request = request;
  }

  /** @throws {RefusedError} after the second crash. */
  async crashed(): Promise<void> {
    await this.#suspects.crashed(this.#request, this.#endTurn !== undefined);
    this.#endTurn = await this.#suspects.turn(this.#request.signal);
  }

  async answered(): Promise<void> {
    if (this.#endTurn !== undefined) await this.#suspects.cleared(this.#request);
  }

  [Symbol.dispose](): void {
    this.#endTurn?.();
  }
}
