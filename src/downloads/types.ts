import type { Chunk } from "./part_file.ts";

/** Somebody who has the file. */
export interface ChunkSource {
  /** For messages, and to tell later who brought what. */
  readonly name: string;
  /** Chunks that it is asked for at the same time. */
  readonly parallel: number;
  /**
   * The bytes from `offset` on, at most `length`; fewer if it breaks off without an error.
   * @throws {FatalSourceError} if asking again can't help
   */
  read(offset: number, length: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** The chunk's SHA-256 as somebody else has it, in hexadecimal; `undefined` where nobody can say. */
  expected?(chunk: Chunk, signal: AbortSignal): Promise<string | undefined>;
}

/** Remedies if nothing can be fetched: they differ between models and engines. */
export interface DownloadAdvice {
  /** The remedy if the server keeps the file to itself. */
  readonly denied: string;
  /** The remedy if another file has the name already; it follows "move it away". */
  readonly nameTaken: string;
}

export interface TransferOptions {
  readonly signal: AbortSignal;
  /** Bytes that arrived, and minus those of a chunk that turned out to be wrong. */
  readonly onBytes: (bytes: number) => void;
  /** Throws where the disk can't take `bytes` more. */
  readonly checkSpace: (bytes: number) => Promise<void>;
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Asking this source again can't help. */
export class FatalSourceError extends Error {
  override name = "FatalSourceError";
}

/** Asking again is of use, but not before this time. */
export class BusySourceError extends Error {
  override name = "BusySourceError";

  constructor(message: string, readonly pauseMs: number) {
    super(message);
  }
}

/** The server sends the whole file, whatever is asked for. */
export class RangesIgnoredError extends Error {
  override name = "RangesIgnoredError";
}
