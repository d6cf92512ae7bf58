import { concat } from "uint8arrays/concat";
import type { z } from "zod";
import type { ByteStream } from "./byte_stream.ts";
import { BadMessageError, decodeCbor, encodeCbor } from "./cbor.ts";

const LENGTH_BYTES = 4;

/** Messages on a ByteStream: a length, then CBOR. Nothing is allocated for a length that is too large. */
export class MessageStream {
  readonly #stream: ByteStream;
  readonly #maxBytes: number;
  #unread: Uint8Array = new Uint8Array(0);

  constructor(stream: ByteStream, maxBytes: number) {
    this.#stream = stream;
    this.#maxBytes = maxBytes;
  }

  async write(message: unknown): Promise<void> {
    const body = encodeCbor(message);
    const length = new Uint8Array(LENGTH_BYTES);
    new DataView(length.buffer).setUint32(0, body.byteLength);
    await this.#stream.write(concat([length, body]));
  }

  /**
   * The next message, `undefined` at the end of the stream.
   * @throws {BadMessageError} for what is too large, cut off, or not of the schema.
   */
  async read<T>(schema: z.ZodType<T>, what: string): Promise<T | undefined> {
    const header = await this.#take(LENGTH_BYTES);
    if (header === undefined) return undefined;
    const length = new DataView(header.buffer, header.byteOffset).getUint32(0);
    if (length > this.#maxBytes) {
      throw new BadMessageError(`The ${what} has ${length} bytes, more than are allowed`);
    }
    const body = await this.#take(length);
    if (body === undefined) throw new BadMessageError(`The stream ended within the ${what}`);
    return decodeCbor(body, schema, what);
  }

  /** Like `read`, where an answer is due. */
  async expect<T>(schema: z.ZodType<T>, what: string): Promise<T> {
    const message = await this.read(schema, what);
    if (message === undefined) throw new BadMessageError(`The stream ended before the ${what}`);
    return message;
  }

  /** Bytes behind the last message, for who reads the stream itself from now on. */
  unread(): Uint8Array {
    const bytes = this.#unread;
    this.#unread = new Uint8Array(0);
    return bytes;
  }

  async #take(size: number): Promise<Uint8Array | undefined> {
    const parts = [this.#unread];
    let gathered = this.#unread.byteLength;
    while (gathered < size) {
      const chunk = await this.#stream.read();
      if (chunk === null && gathered === 0) return undefined;
      if (chunk === null) throw new BadMessageError("The stream ended within a message");
      parts.push(chunk);
      gathered += chunk.byteLength;
    }
    const bytes = concat(parts);
    this.#unread = bytes.subarray(size);
    return bytes.subarray(0, size);
  }
}
