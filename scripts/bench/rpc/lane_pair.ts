import type { PeerStream } from "../../../src/tunnel/mod.ts";
import { dialByLane, type LaneDialled, listenByLane } from "../transport/lane_link.ts";

type Handle = (stream: PeerStream) => Promise<void>;

/** Two ends whose streams go by the wide lane. */
export class LanePair implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  #dialled!: LaneDialled;
  #handle: Handle = () => Promise.resolve();

  static async connect(): Promise<LanePair> {
    const pair = new LanePair();
    const listening = await listenByLane((stream) => pair.#handle(stream));
    pair.#stack.use(listening);
    pair.#dialled = pair.#stack.use(await dialByLane(listening.address));
    return pair;
  }

  open(): Promise<PeerStream> {
    return this.#dialled.open();
  }

  serve(handle: Handle): void {
    this.#handle = handle;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
