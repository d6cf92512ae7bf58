import { reasonOf } from "../base/as_error.ts";
import { WRITE_BYTES, writeAll } from "../base/write_all.ts";
import { createHash } from "node:crypto";
import { DownloadFailedError, DownloadRefusedError } from "./errors.ts";
import { MAX_FAILURES, RETRY_PAUSE_MAX_MS, RETRY_PAUSE_MS } from "./defaults.ts";
import { diskFull, isDiskFull } from "./disk.ts";
import { GatheredBytes } from "./gathered_bytes.ts";
import type { Origin } from "./origin.ts";
import type { Chunk, PartFile } from "./part_file.ts";
import { streamOnce } from "./stream_once.ts";
import {
  BusySourceError,
  type ChunkSource,
  FatalSourceError,
  RangesIgnoredError,
  type TransferOptions,
} from "./types.ts";

/** The record of one source; its workers share it. */
interface Record {
  failures: number;
  lastError: unknown;
}

/** Brings what is missing of one file, chunk by chunk, from several sources. */
export class Transfer {
  readonly #part: PartFile;
  readonly #options: TransferOptions;
  readonly #claimed = new Set<number>();

  constructor(part: PartFile, options: TransferOptions) {
    this.#part = part;
    this.#options = options;
  }

  /** Asks peers for all that they can bring; those that fail are left out. */
  async fromPeers(peers: readonly ChunkSource[]): Promise<void> {
    await Promise.all(
      peers.map((peer) => this.#drain(peer).catch((error) => this.#rethrow(error))),
    );
  }

  /** @throws {DownloadFailedError} unless all chunks are there in the end. */
  async fromOrigin(origin: Origin): Promise<void> {
    try {
      const lastError = await this.#drain(origin);
      if (this.#part.missing.length > 0) throw lastError;
    } catch (error) {
      if (error instanceof RangesIgnoredError) return await this.#stream(origin);
      throw this.#failure(error);
    }
  }

  /** A source's workers, until nothing is left or it has failed too often: then its last error. */
  async #drain(source: ChunkSource): Promise<unknown> {
    const record: Record = { failures: 0, lastError: undefined };
    const ending = new AbortController();
    const signal = AbortSignal.any([this.#options.signal, ending.signal]);
    const workers = Array.from(
      { length: source.parallel },
      () =>
        this.#work(source, record, signal).catch((error) => {
          ending.abort(error);
          throw error;
        }),
    );
    const results = await Promise.allSettled(workers);
    this.#options.signal.throwIfAborted();
    if (ending.signal.aborted) throw ending.signal.reason;
    const broken = results.find((result) => result.status === "rejected");
    if (broken !== undefined) throw broken.reason;
    return record.lastError;
  }

  async #work(source: ChunkSource, record: Record, signal: AbortSignal): Promise<void> {
    for (let chunk = this.#claim(); chunk !== undefined; chunk = this.#claim()) {
      try {
        await this.#fetch(source, chunk, record, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!isTransient(error)) throw error;
        record.lastError = error;
        if (++record.failures >= MAX_FAILURES) return;
        await this.#options.pause(pauseMs(error, record.failures), signal);
      } finally {
        this.#claimed.delete(chunk.index);
      }
    }
  }

  #claim(): Chunk | undefined {
    const chunk = this.#part.missing.find(({ index }) => !this.#claimed.has(index));
    if (chunk !== undefined) this.#claimed.add(chunk.index);
    return chunk;
  }

  async #fetch(source: ChunkSource, chunk: Chunk, record: Record, signal: AbortSignal) {
    await this.#options.checkSpace(chunk.length);
    using file = await this.#part.writerAt(chunk.offset);
    const hash = createHash("sha256");
    // Pieces come by 16 KB, a record of TLS, and each write of its own costs 0.05 ms of the main thread.
    const gathered = new GatheredBytes(Math.min(chunk.length, WRITE_BYTES), async (bytes) => {
      hash.update(bytes);
      await writeAll(file, bytes);
    });
    let filled = 0;
    try {
      // Bytes that have arrived are kept as long as the same source goes on with them.
      while (filled < chunk.length) {
        const before = filled;
        const rest = source.read(chunk.offset + filled, chunk.length - filled, signal);
        const error = await consume(rest, async (bytes) => {
          const wanted = bytes.subarray(0, chunk.length - filled);
          await gathered.write(wanted);
          filled += wanted.length;
          record.failures = 0;
          this.#options.onBytes(wanted.length);
          return filled < chunk.length;
        });
        if (filled === before) throw error ?? new Error("It sends nothing");
        if (filled < chunk.length) await this.#options.pause(RETRY_PAUSE_MS, signal);
      }
      await gathered.flush();
      const expected = await source.expected?.(chunk, signal);
      if (expected !== undefined && hash.digest("hex") !== expected) {
        throw new FatalSourceError(`${source.name} sent bytes that others do not have`);
      }
      await file.syncData();
      await this.#part.done(chunk, source.name);
    } catch (error) {
      this.#options.onBytes(-filled);
      throw error;
    }
  }

  /** One stream from the beginning: chunks that are there are passed over. */
  async #stream(origin: Origin): Promise<void> {
    const { pause, signal } = this.#options;
    let lastError: unknown;
    for (let failures = 0; failures < MAX_FAILURES && this.#part.missing.length > 0;) {
      const before = this.#part.missing.length;
      try {
        await streamOnce(origin, this.#part, this.#options);
        lastError = new Error("It ended early");
      } catch (error) {
        signal.throwIfAborted();
        if (!isTransient(error)) throw this.#failure(error);
        lastError = error;
      }
      failures = this.#part.missing.length < before ? 0 : failures + 1;
      if (this.#part.missing.length > 0) await pause(pauseMs(lastError, failures + 1), signal);
    }
    if (this.#part.missing.length > 0) throw this.#failure(lastError);
  }

  /** A peer that fails is no reason to give up; a full disk and an abort are. */
  #rethrow(error: unknown): void {
    this.#options.signal.throwIfAborted();
    if (isDiskFull(error) || error instanceof DownloadFailedError) throw this.#failure(error);
  }

  #failure(error: unknown): Error {
    this.#options.signal.throwIfAborted();
    if (error instanceof DownloadRefusedError || error instanceof DownloadFailedError) return error;
    if (isDiskFull(error)) return diskFull(error);
    const reason = reasonOf(error);
    return new DownloadFailedError(
      `The download broke off: ${reason}. The downloaded part is kept: try again to go on`,
      { cause: error },
    );
  }
}

/** Hands the bytes on until it answers `false`; returns what broke the source off. */
async function consume(
  source: AsyncIterable<Uint8Array>,
  use: (bytes: Uint8Array) => Promise<boolean>,
): Promise<unknown> {
  const iterator = source[Symbol.asyncIterator]();
  try {
    while (true) {
      let next: IteratorResult<Uint8Array>;
      try {
        next = await iterator.next();
      } catch (error) {
        if (!isTransient(error)) throw error;
        return error;
      }
      if (next.done || !await use(next.value)) return undefined;
    }
  } finally {
    await iterator.return?.();
  }
}

function isTransient(error: unknown): boolean {
  return !(error instanceof FatalSourceError || error instanceof RangesIgnoredError ||
    error instanceof DownloadRefusedError || error instanceof DownloadFailedError ||
    isDiskFull(error));
}

function pauseMs(error: unknown, failures: number): number {
  const asked = error instanceof BusySourceError ? error.pauseMs : 0;
  return Math.max(asked, Math.min(RETRY_PAUSE_MS * 2 ** (failures - 1), RETRY_PAUSE_MAX_MS));
}
