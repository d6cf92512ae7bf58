import type { IncomingStream, NetworkStream, PeerConnection } from "./network.ts";

/** A second way for the streams of a connection, beside the connection itself: it lives as long as that. */
export interface StreamLane {
  /** Answers streams of a protocol that come by it, as the connection does. */
  handle(protocol: string, maxStreams: number, incoming: IncomingStream): void;
  /** `undefined` where a stream can't go by it: it goes over the connection then. */
  open(
    protocol: string,
    connection: PeerConnection,
    signal: AbortSignal,
  ): Promise<NetworkStream | undefined>;
  /** Streams of the connection that keep a place for others, and carry nothing. */
  sparesOf(connection: PeerConnection): number;
  stop(): void;
}
