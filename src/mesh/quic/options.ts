import {
  CONNECTION_WINDOW_BYTES,
  MAX_CONNECTIONS,
  MAX_HANDSHAKES,
  MAX_QUEUED_BYTES,
  MAX_STREAMS,
  OPEN_STREAM_TIMEOUT_MS,
  SOCKET_BUFFER_BYTES,
  STALLED_MS,
  STREAM_WINDOW_BYTES,
} from "./limits.ts";
import { MESH_TIMINGS } from "../base/timings.ts";
import type { NativeConfigInit } from "./native.ts";
import type { OpenConnections } from "./open_connections.ts";

/**
 * Each limit says what happens when it is reached. Streams of one protocol are limited where the
 * protocol is handled, and joins that wait by the admission.
 */
export interface QuicTransportOptions {
  /** @default {10_000} */
  readonly keepAliveMs?: number;
  /** A silent peer is given up after this long. @default {27_000} */
  readonly idleTimeoutMs?: number;
  /** Open at a time. One more is refused if it comes in, and fails if it is dialled. @default {2_000} */
  readonly maxConnections?: number;
  /** Handshakes under way. More wait for one to end. @default {2_048} */
  readonly maxHandshakes?: number;
  /** Streams that the peer may have open on a connection. Its next one waits. @default {1_024} */
  readonly maxStreams?: number;
  /** Queued for sending on a connection. Then every write waits until it has left. @default {16 MiB} */
  readonly maxQueuedBytes?: number;
  /** Unread bytes of a stream. Then its sender waits. @default {8 MiB} */
  readonly streamWindowBytes?: number;
  /** Unread bytes of a connection. Before that the reader that paused longest loses its stream. @default {64 MiB} */
  readonly connectionWindowBytes?: number;
  /** How long a reader may pause on a connection whose window is nearly full. @default {30_000} */
  readonly stalledMs?: number;
  /** How long a new stream waits for a free slot, at most. @default {10_000} */
  readonly openStreamMs?: number;
  /** Of each socket that listens; zero leaves the system's. @default {4 MiB} */
  readonly receiveBufferBytes?: number;
  /** Hears a sentence for the log where that can't be had. @default nobody */
  readonly onReceiveBufferLine?: (line: string) => void;
  /** Agreed to as soon as they are proposed; libp2p negotiates all others. @default none */
  readonly protocols?: ReadonlySet<string>;
  /** Whether one more may come in from an address with its PeerId; asked before it costs more. @default everybody may */
  readonly mayCome?: (remoteAddress: string) => boolean;
  /** The owner that counts connections and can abort them together. @default one of its own */
  readonly connections?: OpenConnections;
}

export type ResolvedOptions = Required<Omit<QuicTransportOptions, "connections">>;

export function resolveOptions(options: QuicTransportOptions): ResolvedOptions {
  return {
    keepAliveMs: MESH_TIMINGS.keepAliveMs,
    idleTimeoutMs: MESH_TIMINGS.idleMs,
    maxConnections: MAX_CONNECTIONS,
    maxHandshakes: MAX_HANDSHAKES,
    maxStreams: MAX_STREAMS,
    maxQueuedBytes: MAX_QUEUED_BYTES,
    streamWindowBytes: STREAM_WINDOW_BYTES,
    connectionWindowBytes: CONNECTION_WINDOW_BYTES,
    stalledMs: STALLED_MS,
    openStreamMs: OPEN_STREAM_TIMEOUT_MS,
    receiveBufferBytes: SOCKET_BUFFER_BYTES,
    onReceiveBufferLine: () => undefined,
    protocols: new Set(),
    mayCome: () => true,
    ...options,
  };
}

export function nativeConfig(
  options: ResolvedOptions,
  privateKeyProto: Uint8Array,
): NativeConfigInit {
  return {
    privateKeyProto,
    handshakeTimeout: options.idleTimeoutMs,
    maxIdleTimeout: options.idleTimeoutMs,
    keepAliveInterval: options.keepAliveMs,
    maxConcurrentStreamLimit: options.maxStreams,
    maxStreamData: options.streamWindowBytes,
    maxConnectionData: options.connectionWindowBytes,
    receiveBufferSize: SOCKET_BUFFER_BYTES,
    sendBufferSize: SOCKET_BUFFER_BYTES,
  };
}
