import { Buffer } from "node:buffer";
import { BodyReader } from "../../base/body_reader.ts";
import { SourceStream } from "../../base/body_source.ts";

const RENAMED_TYPES = /^(application\/json|text\/event-stream)\b/i;

/**
 * An answer in which the model has the name that its caller used. llama-server knows one name only, its
 * alias; where the caller used that one, the answer is left alone.
 */
export function renameModel(
  response: Response,
  served: string,
  asked: string | null,
): Response {
  const type = response.headers.get("content-type") ?? "";
  if (asked === null || asked === served || response.body === null || !RENAMED_TYPES.test(type)) {
    return response;
  }
  const headers = new Headers(response.headers);
  headers.delete("content-length");
  const renaming = new ModelRenaming(served, asked);
  return new Response(renamed(response.body, renaming), { status: response.status, headers });
}

/** Reads no faster than it is read. */
function renamed(
  body: ReadableStream<Uint8Array>,
  renaming: ModelRenaming,
): SourceStream {
  const reader = new BodyReader(body);
  return new SourceStream({
    async read() {
      for (;;) {
        const piece = await reader.read();
        const bytes = piece === null ? renaming.end() : renaming.push(piece);
        if (bytes.length > 0) return bytes;
        if (piece === null) return null;
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

/**
 * Replaces the value of every `model` field in JSON, or in events of JSON, and leaves every other byte as
 * it came. Text of the model can't look like the field: inside a JSON string the quotes are escaped.
 */
export class ModelRenaming {
  readonly #field: Buffer;
  readonly #replacement: Buffer;
  /** The end of what came, as far as the field may begin in it. */
  #held: Buffer = Buffer.alloc(0);

  constructor(served: string, asked: string) {
    this.#field = fieldOf(served);
    this.#replacement = fieldOf(asked);
  }

  push(chunk: Uint8Array): Uint8Array<ArrayBuffer> {
    const bytes = Buffer.concat([this.#held, chunk]);
    const parts: Buffer[] = [];
    let from = 0;
    for (let at = bytes.indexOf(this.#field); at !== -1; at = bytes.indexOf(this.#field, from)) {
      parts.push(bytes.subarray(from, at), this.#replacement);
      from = at + this.#field.length;
    }
    const held = this.#beginning(bytes.subarray(from));
    parts.push(bytes.subarray(from, bytes.length - held));
    this.#held = bytes.subarray(bytes.length - held);
    return Buffer.concat(parts);
  }

  /** The bytes that were still held. */
  end(): Uint8Array<ArrayBuffer> {
    const held = Buffer.concat([this.#held]);
    this.#held = Buffer.alloc(0);
    return held;
  }

  /** How many bytes at the end may be the start of the field. An event never ends like one. */
  #beginning(bytes: Buffer): number {
    for (let length = Math.min(this.#field.length - 1, bytes.length); length > 0; length--) {
      const end = bytes.subarray(bytes.length - length);
      if (end.equals(this.#field.subarray(0, length))) return length;
    }
    return 0;
  }
}

/** As llama-server writes it, without spaces. */
function fieldOf(name: string): Buffer {
  return Buffer.from(`"model":${JSON.stringify(name)}`);
}
