import type { Stream } from "@libp2p/interface";
import { ForeignStream } from "./foreign_stream.ts";
import { asQuicStream } from "./libp2p_types.ts";
import { OptimisticStream } from "./optimistic_stream.ts";
import type { PulledStream } from "./pulled_stream.ts";

/**
 * The pulled side of a stream. One of this transport is its own; any other is read through its
 * events, which is slower, and no better than that transport tells a reset from an end.
 */
export function byteStreamOf(stream: Stream): PulledStream {
  const quic = asQuicStream(stream);
  if (quic === undefined) return new ForeignStream(stream);
  return quic.isOptimistic ? new OptimisticStream(quic, quic.protocol) : quic;
}
