/** What every way to carry bytes is reduced to. */
export interface BenchStream {
  read(): Promise<Uint8Array | null>;
  write(bytes: Uint8Array): Promise<void>;
  closeWrite(): Promise<void>;
  recycle?(bytes: Uint8Array): void;
}
