import { reasonOf } from "../../base/as_error.ts";
import type { Clock } from "../base/clock.ts";
import type { NetworkStream } from "../link/network.ts";
import { ConnectionLostError, StreamResetByPeerError } from "../quic/mod.ts";
import type { Witness } from "./anchors.ts";
import { ALIVE_MS, LANE_LINGER_MS } from "./defaults.ts";
import { BadFrameError, FRAME, type Frame } from "./frames.ts";
import type { LaneChannel } from "./lane_channel.ts";
import { judged, NO_SILENCE } from "./silence.ts";

/** Nothing comes by TCP any more, though the peer may be there. */
export class SilentLaneError extends ConnectionLostError {
  override name = "SilentLaneError";
  constructor() {
    super("nothing came from the peer any more");
  }
}

/** A stream that has a connection of the lane to itself. To its users it is like one of QUIC. */
export class LaneStream implements NetworkStream {
  readonly ended: Promise<void>;
  readonly #channel: LaneChannel;
  readonly #witness: Witness;
  readonly #clock: Pick<Clock, "after">;
  readonly #end: () => void;
  #cancel: () => void;
  #isReading = false;
  #isReadOver = false;
  #isWriteOver = false;
  #silence = NO_SILENCE;
  #failure: Error | undefined;

  constructor(channel: LaneChannel, witness: Witness, clock: Pick<Clock, "after">) {
    this.#channel = channel;
    this.#witness = witness;
    this.#clock = clock;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#end = resolve;
    this.#cancel = clock.after(ALIVE_MS, () => this.#turn());
    void channel.closed.then((reason) => this.#fail(lost(reason)));
  }

  async read(): Promise<Uint8Array | null> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#isReadOver) return null;
    this.#isReading = true;
    try {
      return this.#take(await this.#channel.next());
    } catch (error) {
      this.#fail(lost(error));
      throw this.#failure ?? error;
    } finally {
      this.#isReading = false;
    }
  }

  recycle(bytes: Uint8Array): void {
    this.#channel.recycle(bytes);
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#isWriteOver) throw new TypeError("The stream's writing side was closed");
    await this.#sending(this.#channel.writer.write(bytes));
  }

  async closeWrite(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#isWriteOver) return;
    this.#isWriteOver = true;
    this.#channel.writer.send(FRAME.end);
    await this.#sending(this.#channel.writer.flushed());
    this.#settle();
  }

  reset(reason: Error): void {
    if (this.#failure !== undefined || (this.#isReadOver && this.#isWriteOver)) return;
    try {
      // It leaves if the connection takes it at once; the peer sees its end in any case.
      this.#channel.writer.send(FRAME.reset);
    } catch {
      // The connection is broken already.
    }
    this.#failure = reason;
    this.#cancel();
    void this.#closeSoon(reason);
  }

  async release(): Promise<void> {
    if (!this.#isWriteOver) this.reset(new Error("The stream was left unfinished"));
    if (this.#failure !== undefined || this.#isReadOver) return;
    const cancel = this.#clock.after(
      LANE_LINGER_MS,
      () => this.reset(new Error("The peer did not end its side of the stream")),
    );
    try {
      if (this.#isReading) await this.ended;
      for (let bytes = await this.read(); bytes !== null; bytes = await this.read()) {
        this.recycle(bytes);
      }
    } catch {
      // It is over in any case.
    } finally {
      cancel();
    }
  }

  /** @throws for everything but data and an end in order */
  #take(frame: Frame | null): Uint8Array | null {
    if (frame?.kind === FRAME.data) return frame.bytes;
    if (frame?.kind === FRAME.reset) throw new StreamResetByPeerError();
    if (frame === null) throw new ConnectionLostError("it was closed under the stream");
    if (frame?.kind !== FRAME.end) throw new BadFrameError("A frame came that has no place here");
    this.#isReadOver = true;
    this.#settle();
    return null;
  }

  async #sending(sent: Promise<void>): Promise<void> {
    try {
      await sent;
    } catch (error) {
      this.#fail(lost(error));
      throw this.#failure ?? error;
    }
  }

  /** A flush that the peer does not take ends with the connection. */
  async #closeSoon(reason: Error): Promise<void> {
    await undefined;
    this.#channel.close(reason);
    this.#end();
  }

  #settle(): void {
    if (!this.#isReadOver || !this.#isWriteOver) return;
    this.#channel.writer.flushed().then(
      () => this.#finish(new Error("The stream is over")),
      () => undefined,
    );
  }

  #fail(reason: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = reason;
    this.#finish(reason);
  }

  #finish(reason: Error): void {
    this.#cancel();
    this.#channel.close(reason);
    this.#end();
  }

  /** Shows the peer that this end is here, and notices that the peer is not. */
  #turn(): void {
    const { writer } = this.#channel;
    if (!this.#isWriteOver && !writer.takeActivity()) {
      writer.send(FRAME.alive);
      writer.takeActivity(); // this is none
    }
    // Counted in turns: one that is late, for this process slept, proves nothing.
    const { silence, then } = judged(this.#silence, {
      hasHeard: this.#channel.takeHeard(),
      isReading: this.#isReading,
      isAnswered: this.#witness.takeAnswer(),
    });
    this.#silence = silence;
    if (then === "break") return this.#fail(new SilentLaneError());
    if (then === "ask") this.#witness.ask();
    this.#cancel = this.#clock.after(ALIVE_MS, () => this.#turn());
  }
}

/** The stream is lost with its connection, whatever the system calls that. */
function lost(error: unknown): Error {
  if (error instanceof ConnectionLostError || error instanceof StreamResetByPeerError) return error;
  return new ConnectionLostError(reasonOf(error), { cause: error });
}
