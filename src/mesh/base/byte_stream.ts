/**
 * A bidirectional byte stream to a peer, as the tunnels use it. One read and one write may be
 * pending at a time; beside each other they are safe.
 */
export interface ByteStream {
  /**
   * Resolves when the peer has taken the stream, while somebody reads; never rejects. Absent where the peer
   * had taken it before it was handed out.
   */
  readonly taken?: Promise<void> | undefined;
  /**
   * The next bytes, `null` once the peer has closed its writing side.
   * @throws when the stream was reset or its connection lost.
   */
  read(): Promise<Uint8Array | null>;
  /**
   * Frees the bytes of the last read at once; nobody may look at them any more. For relays, which
   * otherwise fill the memory with what they have passed on.
   */
  recycle(bytes: Uint8Array): void;
  /** Resolves when more may be written: the caller's backpressure. The buffer is free again then. */
  write(bytes: Uint8Array): Promise<void>;
  /** Half-close: the peer reads `null`, this side can still read. */
  closeWrite(): Promise<void>;
  /** Ends both directions at once; the peer sees an error. Safe to call twice and after a close. */
  reset(reason: Error): void;
}
