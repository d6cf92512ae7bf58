import { concat } from "uint8arrays/concat";
import { joinBytes } from "../../base/join_bytes.ts";
import type { ByteSink } from "../base/byte_pump.ts";
import { READ_BYTES } from "../base/defaults.ts";
import { GATHER_MS, GATHERED_BYTES, STALL_MS } from "./weight_defaults.ts";
import { bytesHeader, encodeMessage, type LinkMessage } from "./messages.ts";
import type { RpcCounts } from "./rpc_counts.ts";

/**
 * The output to the peer: RPC bytes as they are, or in messages once both ends have agreed to. Collects the pieces of
 * one read, or of several, so that they leave in one write. Its bytes are the caller's again after `flush` and `gather`.
 */
export class Outbox implements Disposable {
  readonly #sink: ByteSink;
  readonly #counts: RpcCounts;
  readonly #now: () => number;
  #parts: Uint8Array[] = [];
  #ready: Uint8Array[] = [];
  #writing: Promise<void> = Promise.resolve();
  /** Writes that have not come to their end, or never will. */
  #unwritten = 0;
  /** Runs while something waits for more. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  framed = false;

  constructor(sink: ByteSink, counts: RpcCounts, now: () => number = () => performance.now()) {
    this.#sink = sink;
    this.#counts = counts;
    this.#now = now;
  }

  bytes(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#parts.push(bytes);
  }

  message(message: Exclude<LinkMessage, { kind: "bytes" }>): void {
    this.#wrap();
    this.#ready.push(encodeMessage(message));
  }

  /** Whether something waits for more. */
  get isGathering(): boolean {
    return this.#timer !== undefined;
  }

  /**
   * The same where nobody waits for what is here yet: a little of it stays, to leave with what follows, or by itself
   * after {@linkcode GATHER_MS}.
   */
  gather(): Promise<void> | undefined {
    const size = sizeOf(this.#parts);
    const isBusy = this.#ready.length > 0 || this.#unwritten > 0;
    if (size >= GATHERED_BYTES || isBusy) return this.flush();
    if (size === 0) return undefined;
    this.#parts = [concat(this.#parts)];
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.flush().catch(() => {});
    }, GATHER_MS);
    return undefined;
  }

  /** Resolves when everything so far is written. Writes of several callers stay whole and in order. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#wrap();
    const ready = this.#ready;
    this.#ready = [];
    if (ready.length > 0) {
      this.#unwritten++;
      this.#writing = this.#writing.then(() => this.#write(ready));
    }
    await this.#writing;
  }

  async end(): Promise<void> {
    await this.flush();
    await this.#sink.closeWrite();
  }

  /** Drops the bytes that still wait for more. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  async #write(chunks: readonly Uint8Array[]): Promise<void> {
    const began = this.#now();
    for (const chunk of gathered(chunks)) await this.#sink.write(chunk);
    this.#unwritten--;
    const tookMs = this.#now() - began;
    if (tookMs < STALL_MS) return;
    this.#counts.stalls++;
    this.#counts.stalledMs += tookMs;
  }

  #wrap(): void {
    if (this.#parts.length === 0) return;
    const parts = this.#parts;
    this.#parts = [];
    const size = sizeOf(parts);
    if (this.framed && size >= READ_BYTES) {
      this.#ready.push(bytesHeader(size), ...parts);
      return;
    }
    const bytes = joinBytes(parts);
    if (!this.framed) {
      this.#ready.push(bytes);
      return;
    }
    this.#ready.push(encodeMessage({ kind: "bytes", bytes }));
  }
}

function sizeOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

/** Small ones in a row become one write; large ones are not copied once more. */
function gathered(chunks: readonly Uint8Array[]): Uint8Array[] {
  const groups: Uint8Array[][] = [];
  let size = Infinity;
  for (const chunk of chunks) {
    if (size + chunk.length > READ_BYTES) {
      groups.push([]);
      size = 0;
    }
    groups.at(-1)!.push(chunk);
    size += chunk.length;
  }
  return groups.map(joinBytes);
}
