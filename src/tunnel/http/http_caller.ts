import { asError } from "../../base/as_error.ts";
import { BodyHandoff } from "./body_handoff.ts";
import { MAX_REQUEST_BODY_BYTES } from "../base/defaults.ts";
import { FrameError, TunnelError } from "../base/errors.ts";
import type { HttpFrameReader } from "./http_frame_reader.ts";
import type { HttpFrame } from "./http_frames.ts";

/**
 * The asking peer, behind its opening: its body, and then the silence that lasts until it has the
 * whole reply. Reads all the time, since a stream tells only its reader that the peer went away.
 */
export class HttpCaller {
  readonly #frames: HttpFrameReader;
  readonly #body = new BodyHandoff();
  readonly #gone = new AbortController();
  /** The body where it came with the opening, as small ones do. */
  readonly #whole: Uint8Array | undefined;
  readonly #early: HttpFrame[];
  #asked = false;
  /** Resolves when the peer has closed or lost its stream; never rejects. */
  readonly left: Promise<void>;

  constructor(frames: HttpFrameReader) {
    this.#frames = frames;
    this.#early = [frames.ready(), frames.ready()].filter((frame) => frame !== undefined);
    const [first, second] = this.#early;
    if (first?.type === "body" && second?.type === "end") {
      this.#whole = first.bytes;
      this.#asked = true;
      this.#early = [];
    }
    this.left = this.#receive().then(() => new TunnelError("The caller hung up"), asError)
      .then((reason) => this.#leave(reason));
  }

  /** The request's body: a large one is read from the stream no faster than it is taken. */
  get body(): Uint8Array | ReadableStream<Uint8Array> {
    return this.#whole ?? this.#body.readable;
  }

  /** Fires when the peer is gone: nobody wants the answer any more. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** For a request that was answered without its whole body: the rest is read and thrown away. */
  discardBody(): void {
    if (!this.#asked) this.#body.fail(new TunnelError("The request was answered before its end"));
  }

  async #receive(): Promise<void> {
    let bodyBytes = 0;
    for (let frame = await this.#next(); frame !== null; frame = await this.#next()) {
      if (this.#asked || (frame.type !== "body" && frame.type !== "end")) {
        throw new FrameError(`Could not read a request: "${frame.type}" does not belong there`);
      }
      if (frame.type === "end") {
        this.#asked = true;
        this.#body.end();
        continue;
      }
      bodyBytes += frame.bytes.length;
      if (bodyBytes > MAX_REQUEST_BODY_BYTES) {
        throw new FrameError(
          `Could not read a request: its body is over ${MAX_REQUEST_BODY_BYTES} bytes`,
        );
      }
      await this.#body.write(frame.bytes);
    }
  }

  async #next(): Promise<HttpFrame | null> {
    return this.#early.shift() ?? await this.#frames.next();
  }

  #leave(reason: Error): void {
    if (!this.#asked) this.#body.fail(reason);
    this.#gone.abort(reason);
  }
}
