/** The messages of `/mesh-llm/file/1`: one question on a stream, one answer. Pure but for the reads. */

import * as z from "zod";
import { parseJson } from "../../base/json.ts";
import type { ByteStream } from "../../mesh/mod.ts";
import { MAX_FILE_QUESTION_BYTES, MAX_FILE_RANGE_BYTES } from "../plan/defaults.ts";

const questionSchema = z.object({
  /** Of the model: docs/architecture.md. */
  fingerprint: z.string().regex(/^[0-9a-f]{64}$/),
  /** Which of its files, from 0. */
  shard: z.int().min(0).max(99_998),
  offset: z.int().nonnegative(),
  length: z.int().min(1).max(MAX_FILE_RANGE_BYTES),
  /** The bytes themselves, or their SHA-256 for a peer that got them from another one. */
  want: z.enum(["bytes", "digest"]),
});

export type FileQuestion = z.infer<typeof questionSchema>;

const LENGTH_BYTES = 4;

/** Ends the answer's first byte: there is such a range, and the rest follows. */
export const YES = 1;
export const NO = 0;

export function encodeQuestion(question: FileQuestion): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(question));
  const bytes = new Uint8Array(LENGTH_BYTES + text.length);
  new DataView(bytes.buffer).setUint32(0, text.length);
  bytes.set(text, LENGTH_BYTES);
  return bytes;
}

/** `undefined` where it is no question that can be answered. */
export async function readQuestion(stream: ByteStream): Promise<FileQuestion | undefined> {
  const bytes = new PeerBytes(stream);
  const head = await bytes.take(LENGTH_BYTES);
  const length = new DataView(head.buffer, head.byteOffset).getUint32(0);
  if (length > MAX_FILE_QUESTION_BYTES) return undefined;
  return questionSchema.safeParse(parseJson(new TextDecoder().decode(await bytes.take(length))))
    .data;
}

/** Takes a stream apart where the answer says so, not where the network cut it. */
export class PeerBytes {
  readonly #stream: ByteStream;
  #read: Uint8Array | undefined;
  #rest: Uint8Array = new Uint8Array();

  constructor(stream: ByteStream) {
    this.#stream = stream;
  }

  /** Exactly so many bytes. @throws where the peer sends fewer. */
  async take(length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    for (let filled = 0; filled < length;) {
      const part = await this.next(length - filled);
      if (part === null) throw new Error("The peer ended its answer early");
      bytes.set(part, filled);
      filled += part.length;
    }
    return bytes;
  }

  /** The next bytes, at most `limit`; `null` at the end. They are the caller's until it asks for more. */
  async next(limit: number): Promise<Uint8Array | null> {
    while (this.#rest.length === 0) {
      if (this.#read !== undefined) this.#stream.recycle(this.#read);
      this.#read = undefined;
      const read = await this.#stream.read();
      if (read === null) return null;
      this.#read = read;
      this.#rest = read;
    }
    const part = this.#rest.subarray(0, limit);
    this.#rest = this.#rest.subarray(part.length);
    return part;
  }
}
