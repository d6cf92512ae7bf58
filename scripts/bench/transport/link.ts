import type { BenchStream } from "./bench_stream.ts";

export type Serve = (stream: BenchStream) => Promise<void>;

/** A way to carry byte streams from one process to another. */
export interface Link {
  /** Serves every stream that comes. @returns the address to dial. */
  listen(serve: Serve): Promise<string>;
  /** @returns a function that opens streams on one connection. */
  dial(address: string): Promise<() => Promise<BenchStream>>;
  /** Process ids of what stands between the ends, once there is an address to dial. */
  readonly helpers?: () => readonly number[];
  /** Ends all that would outlive the process. */
  close?(): Promise<void>;
}
