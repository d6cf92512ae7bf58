import type { NetworkStream, PeerConnection } from "../link/network.ts";
import { ConnectionLostError } from "../quic/mod.ts";
import type { LaneChannel } from "./lane_channel.ts";

/** Connections of the lane that carry no stream yet, counted by the QUIC connection that they belong to. */
export class SpareCounts {
  readonly #counts = new WeakMap<PeerConnection, number>();

  add(connection: PeerConnection): () => void {
    this.#counts.set(connection, this.of(connection) + 1);
    let isOver = false;
    return () => {
      if (!isOver) this.#counts.set(connection, this.of(connection) - 1);
      isOver = true;
    };
  }

  of(connection: PeerConnection): number {
    return this.#counts.get(connection) ?? 0;
  }
}

/**
 * Watches the QUIC stream by which a connection of the lane was asked for. It lasts as long as that: whoever ends the QUIC
 * connection ends both, and whoever waits for its streams waits for both. Never rejects.
 */
export class Anchor {
  readonly stream: NetworkStream;
  /** The peer has let go of it, or is lost. */
  readonly gone: Promise<void>;
  #loss: Error | undefined;

  constructor(stream: NetworkStream) {
    this.stream = stream;
    this.gone = this.#watch();
  }

  /** From now on this connection ends where the anchor is lost. */
  tie(channel: LaneChannel): void {
    void this.gone.then(() => {
      // An end in order says that the peer has done with it; what it sent before may still be read.
      if (this.#loss !== undefined) channel.close(this.#loss);
    });
  }

  /** A peer that reads slowly still has bytes to come, and lets go of the anchor later. */
  async letGo(): Promise<void> {
    await this.stream.closeWrite().catch(() => undefined);
    await this.gone;
    await this.stream.release();
  }

  async #watch(): Promise<void> {
    try {
      while (await this.stream.read() !== null);
    } catch (cause) {
      this.#loss = new ConnectionLostError("so was the one beside it", { cause });
    }
  }
}
