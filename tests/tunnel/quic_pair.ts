import { type Pair, startPair } from "../mesh/quic/links.ts";
import type { PeerStream } from "../../src/tunnel/mod.ts";

type Handle = (stream: PeerStream) => Promise<void>;

/**
 * One real QUIC connection on 127.0.0.1, and the mesh's streams on it. Without libp2p nodes around
 * it: each stream that they open leaves timers behind, and no leak check could find ours among them.
 */
export class QuicPair implements AsyncDisposable {
  readonly #pair: Pair;
  readonly #handling = new Set<Promise<void>>();
  /** Streams whose handler has returned. */
  handled = 0;

  static async connect(): Promise<QuicPair> {
    return new QuicPair(await startPair());
  }

  private constructor(pair: Pair) {
    this.#pair = pair;
  }

  /** A stream from the near end. It arrives at the far end with its first byte. */
  async open(): Promise<PeerStream> {
    return await this.#pair.near.open();
  }

  /** The next stream that arrives at the far end. */
  async accept(): Promise<PeerStream> {
    return await this.#pair.far.incoming.take();
  }

  /** One stream, both ends: the byte that made it arrive has been read. */
  async stream(): Promise<{ near: PeerStream; far: PeerStream }> {
    const near = await this.open();
    await near.write(new Uint8Array(1));
    const far = await this.accept();
    await far.read();
    return { near, far };
  }

  /** Hands every stream that arrives at the far end to `handle`, until the connection is gone. */
  serve(handle: Handle): void {
    const acceptAll = async () => {
      for (;;) this.#take(handle(await this.accept()));
    };
    acceptAll().catch(() => undefined);
  }

  /** Resolves when no handler is at work. */
  async idle(): Promise<void> {
    await Promise.all(this.#handling);
  }

  /** Ends the connection, as a node that stops does. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pair[Symbol.asyncDispose]();
    await this.idle();
  }

  #take(handler: Promise<void>): void {
    // The near end sees a handler's failure, and it is the tests' subject there.
    const handling = handler.catch(() => undefined).finally(() => {
      this.#handling.delete(handling);
      this.handled++;
    });
    this.#handling.add(handling);
  }
}
