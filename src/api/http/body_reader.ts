import { ANSWER_READ_BYTES } from "../base/defaults.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Reads a body piece by piece, with one small buffer for all of them where the stream takes it. */
export class BodyReader {
  readonly #reader: ReadableStreamBYOBReader | ReadableStreamDefaultReader<Uint8Array>;
  #buffer: Bytes = new Uint8Array(0);
  #failure: Error | null = null;

  constructor(body: ReadableStream<Uint8Array>) {
    this.#reader = readerOf(body);
  }

  /** `null` at the end. @throws what broke the body off. */
  async read(): Promise<Uint8Array | null> {
    if (!(this.#reader instanceof ReadableStreamBYOBReader)) {
      return (await this.#reader.read()).value ?? this.#end();
    }
    if (this.#buffer.length === 0) this.#buffer = new Uint8Array(ANSWER_READ_BYTES);
    const { value, done } = await this.#reader.read(this.#buffer);
    // The buffer that went in is detached by now; the same memory comes back in a new one.
    if (value !== undefined) this.#buffer = new Uint8Array(value.buffer);
    return done ? this.#end() : value!.slice();
  }

  /** The body that is being read breaks off with this reason. */
  fail(reason: Error): void {
    this.#failure = reason;
    this.cancel();
  }

  /** Nothing more is wanted; a body that has ended, or failed, does not mind. */
  cancel(): void {
    this.#reader.cancel().catch(() => {});
  }

  #end(): null {
    if (this.#failure !== null) throw this.#failure;
    return null;
  }
}

/** A chunk from a socket uses its reader's buffer; a chunk that is made here does not. */
export function readerOf(
  body: ReadableStream<Uint8Array>,
): ReadableStreamBYOBReader | ReadableStreamDefaultReader<Uint8Array> {
  try {
    return body.getReader({ mode: "byob" });
  } catch {
    return body.getReader();
  }
}
