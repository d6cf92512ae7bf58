import { followAbort } from "../../base/follow_abort.ts";
import { pause } from "../../base/pause.ts";
import type { GatewayNode } from "../base/types.ts";

/** The pauses of a request that is held. News that come between two of them end the next one at once. */
export class Wait implements Disposable {
  readonly #end: () => void;
  #isNews = false;
  #wake = () => {};

  constructor(node: Pick<GatewayNode, "onWarm">) {
    this.#end = node.onWarm(() => {
      this.#isNews = true;
      this.#wake();
    });
  }

  /** Resolves after a while, when the signal aborts, or with true as soon as an instance has become warm. */
  async pause(ms: number, signal: AbortSignal): Promise<boolean> {
    const waking = new AbortController();
    this.#wake = () => waking.abort();
    followAbort(signal, waking);
    if (!this.#isNews) await pause(ms, waking.signal);
    waking.abort(); // the signal of the request forgets this pause
    const isNews = this.#isNews;
    this.#isNews = false;
    return isNews;
  }

  [Symbol.dispose](): void {
    this.#end();
  }
}
