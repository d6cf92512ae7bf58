/**
 * npm gives `@libp2p/utils` and `@libp2p/interface` a copy of uint8arraylist each, and the types of one
 * copy do not fit the other. They are the same at run time, so this is where the two worlds meet.
 */

import type { MultiaddrConnection, Stream } from "@libp2p/interface";
import type { QuicConnection } from "./connection.ts";
import { QuicStream } from "./stream.ts";

export function asStream(stream: QuicStream): Stream {
  return stream as unknown as Stream;
}

export function asMultiaddrConnection(connection: QuicConnection): MultiaddrConnection {
  return connection as unknown as MultiaddrConnection;
}

/** `undefined` for a stream of another transport. */
export function asQuicStream(stream: Stream): QuicStream | undefined {
  const candidate: unknown = stream;
  return candidate instanceof QuicStream ? candidate : undefined;
}
