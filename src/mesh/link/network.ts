import type { ByteStream } from "../base/byte_stream.ts";
import type { PeerId } from "../base/peer_id.ts";

/** A stream whose end somebody waits for. */
export interface NetworkStream extends ByteStream {
  /** Resolves when both directions have ended or the stream broke; never rejects. */
  readonly ended: Promise<void>;
  /** Ends what its user left open. */
  release(): Promise<void>;
}

/** A connection whose TLS has proven the peer's PeerId, and nothing more. */
export interface PeerConnection {
  readonly id: string;
  readonly peer: PeerId;
  readonly direction: "inbound" | "outbound";
  /** By this node's clock. */
  readonly openedAtMs: number;
  /** Of an outbound one also where the peer can be dialled again. */
  readonly remoteAddress: string;
  readonly isOpen: boolean;
  /** Streams that are open on it. */
  readonly streams: number;
  /** @param options.optimistic see `OpenOptions`. */
  openStream(
    protocol: string,
    signal: AbortSignal,
    options?: { readonly optimistic?: boolean },
  ): Promise<NetworkStream>;
  /** Closes it once its streams have ended by themselves. Never rejects. */
  drain(): Promise<void>;
  /** Closes it with everything on it; the peer sees it at once. */
  abort(reason: Error): void;
}

/** Whether it comes by a pipe: over another node, or by a path that both have found. */
export function isPiped({ remoteAddress }: Pick<PeerConnection, "remoteAddress">): boolean {
  return remoteAddress.includes("/p2p-circuit");
}

export interface ConnectionListener {
  /** Whether one more may come from there; it is closed otherwise, before it costs more. @default {true} */
  mayCome?(remoteAddress: string): boolean;
  opened(connection: PeerConnection): void;
  closed(connection: PeerConnection): void;
}

/** Streams of one protocol, from anybody: who may open one is for the admission to say. */
export type IncomingStream = (stream: NetworkStream, connection: PeerConnection) => void;

export interface DialRequest {
  readonly peer: PeerId;
  /** In the order in which they are tried. */
  readonly addresses: readonly string[];
  /** Makes a new connection beside one that may be dead. */
  readonly fresh?: boolean;
  readonly signal: AbortSignal;
}

/** The part of libp2p that the mesh needs. */
export interface Network {
  listen(listener: ConnectionListener): void;
  /** @throws {UnreachableError} when no address answers with the peer's key. */
  dial(request: DialRequest): Promise<PeerConnection>;
  handle(protocol: string, maxStreams: number, incoming: IncomingStream): void;
  /** Aborts every connection, and stops listening. Safe to call twice. */
  stop(): Promise<void>;
}
