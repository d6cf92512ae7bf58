import type { ByteStream } from "../base/byte_stream.ts";

/** A libp2p stream as its user sees it after the negotiation. */
export interface PulledStream extends ByteStream {
  /** Resolves when both directions have ended or the stream broke; never rejects. */
  readonly ended: Promise<void>;
  /** Ends what its user left open: a finished answer still arrives, anything else is reset. */
  release(): Promise<void>;
}
