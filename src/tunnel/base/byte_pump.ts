/** The source of bytes. */
export interface ByteSource {
  /** The next bytes, `null` at their end. They are the caller's until the next read. */
  read(): Promise<Uint8Array | null>;
  /** Frees the bytes of the last read early, where that is of use. */
  recycle?(bytes: Uint8Array): void;
}

/** The destination of bytes. */
export interface ByteSink {
  /** Resolves when more may be written; the bytes are free again then. */
  write(bytes: Uint8Array): Promise<void>;
  closeWrite(): Promise<void>;
}

/** Moves one direction of a relay to its end, no faster than the sink takes it, and passes the end on. */
export async function pump(source: ByteSource, sink: ByteSink): Promise<void> {
  for (let bytes = await source.read(); bytes !== null; bytes = await source.read()) {
    await sink.write(bytes);
    source.recycle?.(bytes);
  }
  await sink.closeWrite();
}
