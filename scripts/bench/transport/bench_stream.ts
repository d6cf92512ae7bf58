/** The interface to which every way to carry bytes is reduced. */
export interface BenchStream {
  read(): Promise<Uint8Array | null>;
  write(bytes: Uint8Array): Promise<void>;
  closeWrite(): Promise<void>;
  recycle?(bytes: Uint8Array): void;
}
