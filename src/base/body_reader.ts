import { type BodySource, SourceStream } from "./body_source.ts";

/**
 * One read of an answer. Deno makes 64 KiB for each piece of a body, and zeroes them, where an event takes
 * some 300 bytes: a buffer of our own, used again and again, halves what passing a token on costs.
 */
const ANSWER_READ_BYTES = 16 * 1024;

type Bytes = Uint8Array<ArrayBuffer>;

/** Reads a body piece by piece, with one small buffer for all of them where the stream takes it. */
export class BodyReader implements BodySource {
  readonly #source: BodySource;
  #failure: { readonly reason: unknown } | null = null;
  #hasEnded = false;

  constructor(body: ReadableStream<Uint8Array>) {
    this.#source = sourceOf(body);
  }

  /** As of a stream: past its end there is nothing, and what broke it off is thrown again and again. */
  async read(): Promise<Uint8Array | null> {
    if (this.#failure === null && !this.#hasEnded) {
      try {
        const bytes = await this.#source.read();
        this.#hasEnded = bytes === null;
        if (this.#failure === null) return bytes;
      } catch (reason) {
        this.#failure ??= { reason };
      }
    }
    if (this.#failure !== null) throw this.#failure.reason;
    return null;
  }

  /** The body that is being read breaks off with this reason. */
  fail(reason: Error): void {
    this.#failure = { reason };
    this.cancel();
  }

  cancel(reason?: unknown): void {
    this.#source.cancel(reason);
  }
}

function sourceOf(body: ReadableStream<Uint8Array>): BodySource {
  if (body instanceof SourceStream) return body.take();
  const reader = readerOf(body);
  return reader instanceof ReadableStreamBYOBReader
    ? new BufferedReads(reader)
    : new PlainReads(reader);
}

/** Of a socket: each read fills the same memory, and what came is copied out of it. */
class BufferedReads implements BodySource {
  readonly #reader: ReadableStreamBYOBReader;
  #buffer: Bytes = new Uint8Array(0);

  constructor(reader: ReadableStreamBYOBReader) {
    this.#reader = reader;
  }

  async read(): Promise<Uint8Array | null> {
    if (this.#buffer.length === 0) this.#buffer = new Uint8Array(ANSWER_READ_BYTES);
    const { value, done } = await this.#reader.read(this.#buffer);
    // The buffer that went in is detached by now; the same memory comes back in a new one.
    if (value !== undefined) this.#buffer = new Uint8Array(value.buffer);
    return done ? null : value!.slice();
  }

  cancel(reason?: unknown): void {
    this.#reader.cancel(reason).catch(() => {});
  }
}

class PlainReads implements BodySource {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(reader: ReadableStreamDefaultReader<Uint8Array>) {
    this.#reader = reader;
  }

  async read(): Promise<Uint8Array | null> {
    return (await this.#reader.read()).value ?? null;
  }

  cancel(reason?: unknown): void {
    this.#reader.cancel(reason).catch(() => {});
  }
}

/** A chunk from a socket uses its reader's buffer; a chunk that is made here does not. */
function readerOf(
  body: ReadableStream<Uint8Array>,
): ReadableStreamBYOBReader | ReadableStreamDefaultReader<Uint8Array> {
  try {
    return body.getReader({ mode: "byob" });
  } catch {
    return body.getReader();
  }
}
