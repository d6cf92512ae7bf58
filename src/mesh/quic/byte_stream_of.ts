import type { Stream } from "@libp2p/interface";
import type { ByteStream } from "../byte_stream.ts";
import { ForeignStream } from "./foreign_stream.ts";
import { asQuicStream } from "./libp2p_types.ts";
import { OptimisticStream } from "./optimistic_stream.ts";

/** A libp2p stream as its user sees it after the negotiation. */
export interface PulledStream extends ByteStream {
  /** Resolves when both directions have ended or the stream broke; never rejects. */
  readonly ended: Promise<void>;
  /** Ends what its user left open: a finished answer still arrives, anything else is reset. */
  release(): Promise<void>;
}

/**
 * The pulled side of a stream. One of this transport is its own; any other is read through its
 * events, which is slower, and no better than that transport tells a reset from an end.
 */
export function byteStreamOf(stream: Stream): PulledStream {
  const quic = asQuicStream(stream);
  if (quic === undefined) return new ForeignStream(stream);
  return quic.isOptimistic ? new OptimisticStream(quic, quic.protocol) : quic;
}
