import { FrameError } from "../base/errors.ts";
import { type HttpFrame, HttpFrameDecoder } from "./http_frames.ts";
import type { PeerStream } from "../base/types.ts";

/** Reads a stream frame by frame, and from it no faster than frames are asked for. */
export class HttpFrameReader {
  readonly #stream: PeerStream;
  readonly #decoder = new HttpFrameDecoder();

  constructor(stream: PeerStream) {
    this.#stream = stream;
  }

  /**
   * The next frame, `null` once the peer has closed its side between two frames.
   * @throws {FrameError} on other bytes, or what the stream throws.
   */
  async next(): Promise<HttpFrame | null> {
    let frame = this.#decoder.next();
    while (frame === undefined) {
      const bytes = await this.#stream.read();
      if (bytes === null) return null;
      this.#decoder.push(bytes);
      frame = this.#decoder.next();
    }
    return frame;
  }

  /** The next frame where it has come already. @throws {FrameError} on other bytes. */
  ready(): HttpFrame | undefined {
    return this.#decoder.next();
  }

  /** The next frame where there must be one. @throws {FrameError} at the end of the stream. */
  async expect(): Promise<HttpFrame> {
    const frame = await this.next();
    if (frame === null) throw new FrameError("The stream closed before the end of the message");
    return frame;
  }
}
