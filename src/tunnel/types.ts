/** What the tunnels need of the mesh: node fills these interfaces with libp2p streams. */

/** A stream to a peer. The rules of use are those of src/mesh/byte_stream.ts, whose shape this is. */
export interface PeerStream {
  /** @throws when the stream was reset or its connection lost; `null` is a clean end. */
  read(): Promise<Uint8Array | null>;
  write(bytes: Uint8Array): Promise<void>;
  closeWrite(): Promise<void>;
  reset(reason: Error): void;
}

/** Opens a stream of one protocol to a peer. */
export type OpenStream = (peer: string, signal: AbortSignal) => Promise<PeerStream>;

/** What crossed the tunnels to one peer, kept when streams close. */
export interface TunnelCounters {
  readonly peer: string;
  readonly kind: "rpc" | "http";
  /** Open at this moment. */
  readonly streams: number;
  /** On QUIC streams, after substitution. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly weightBytesSaved: number;
}
