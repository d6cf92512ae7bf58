import type { NetworkStream, PeerConnection } from "../link/network.ts";
import { ConnectionLostError } from "../quic/mod.ts";
import { FRAME } from "./frames.ts";
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

/** Says whether the peer is there, by another way than the lane. */
export interface Witness {
  ask(): void;
  /** Whether it has answered since this was asked last. */
  takeAnswer(): boolean;
}

/** Words on an anchor, a byte each. */
export const ARE_YOU_THERE = 1;
export const HERE = 2;

/**
 * The QUIC stream by which a connection of the lane was asked for. It lasts as long as that: whoever ends the QUIC
 * connection ends both, and whoever waits for its streams waits for both. Never rejects.
 */
export class Anchor implements Witness {
  readonly stream: NetworkStream;
  /** The peer has let go of it, or is lost. */
  readonly gone: Promise<void>;
  #channel: LaneChannel | undefined;
  #loss: Error | undefined;
  #isSaying = false;
  #isAnswered = false;

  constructor(stream: NetworkStream) {
    this.stream = stream;
    this.gone = this.#watch();
  }

  /** From now on this connection ends where the anchor is lost. */
  tie(channel: LaneChannel): void {
    this.#channel = channel;
    void this.gone.then(() => {
      // An end in order says that the peer has done with it; what it sent before may still be read.
      if (this.#loss !== undefined) channel.close(this.#loss);
    });
  }

  ask(): void {
    void this.#say(ARE_YOU_THERE);
  }

  takeAnswer(): boolean {
    const isAnswered = this.#isAnswered;
    this.#isAnswered = false;
    return isAnswered;
  }

  /**
   * A peer that reads slowly still has bytes to come, and lets go of the anchor later. One whose connection broke hears
   * of that here alone.
   */
  async letGo(reason: Error): Promise<void> {
    if (reason instanceof ConnectionLostError) this.stream.reset(reason);
    else await this.stream.closeWrite().catch(() => undefined);
    await this.gone;
    await this.stream.release();
  }

  async #watch(): Promise<void> {
    try {
      for (let said = await this.stream.read(); said !== null; said = await this.stream.read()) {
        if (said.includes(HERE)) this.#isAnswered = true;
        if (said.includes(ARE_YOU_THERE)) void this.#answer();
      }
    } catch (cause) {
      this.#loss = new ConnectionLostError("so was the one beside it", { cause });
    }
  }

  /** By both ways, the lane first: what comes by the other alone speaks against it. */
  async #answer(): Promise<void> {
    try {
      this.#channel?.writer.send(FRAME.alive);
    } catch {
      // It is closed here.
    }
    await this.#say(HERE);
  }

  async #say(what: number): Promise<void> {
    if (this.#isSaying) return;
    this.#isSaying = true;
    await this.stream.write(Uint8Array.of(what)).catch(() => undefined);
    this.#isSaying = false;
  }
}

/** A connection by TCP, and the QUIC stream that it belongs to. */
export interface Lane {
  readonly channel: LaneChannel;
  readonly anchor: Anchor;
}
