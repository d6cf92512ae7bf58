/**
 * A way for whole datagrams to one peer: over a common member's QUIC streams, or by UDP between the two machines. Like UDP,
 * it may lose, repeat and reorder what it carries; unlike a stream, it never makes its user wait. A datagram is at most
 * `MAX_PATH_DATAGRAM_BYTES` long.
 */
export interface DatagramPath {
  /** Drops the datagram where there is no room. Does not keep it: its buffer may be used again. Never throws. */
  send(datagram: Uint8Array): void;
  /**
   * Hears every datagram that comes, which is only valid during the call; `undefined` where nobody listens. One that
   * comes before is dropped.
   */
  onDatagram: ((datagram: Uint8Array) => void) | undefined;
  /** Nothing is sent or heard any more. Safe to call twice. */
  close(): void;
}

/** QUIC's own are at most 1,200 bytes long here; probes are shorter. */
export const MAX_PATH_DATAGRAM_BYTES = 1_200;
