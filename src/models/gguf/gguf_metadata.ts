import { createHash } from "node:crypto";
import {
  COMPARED_TOKENS,
  MAX_KEPT_NUMBERS,
  MAX_KEY_BYTES,
  MAX_METADATA_ENTRIES,
  MAX_TEXT_BYTES,
} from "../base/defaults.ts";
import { InvalidGgufError } from "../base/errors.ts";
import { type GgufCursor, isScalarType, SCALAR_BYTES } from "./gguf_cursor.ts";

const STRING = 8;
const ARRAY = 9;

/** Key length, type and the shortest value: what an entry takes at least. */
const MIN_ENTRY_BYTES = 13;

const TOKENS = "tokenizer.ggml.tokens";

const WANTED_KEYS: ReadonlySet<string> = new Set([
  "general.alignment",
  "general.architecture",
  "general.file_type",
  "general.name",
  "split.count",
  "split.no",
  "tokenizer.chat_template",
  "tokenizer.ggml.model",
  "tokenizer.ggml.pre",
  TOKENS,
]);

/** Keys that begin with the architecture's name, which may stand behind them in the file. */
const WANTED_OF_ARCHITECTURE: ReadonlySet<string> = new Set([
  "attention.head_count",
  "attention.head_count_kv",
  "attention.key_length",
  "attention.kv_lora_rank",
  "attention.sliding_window",
  "attention.value_length",
  "audio.projection_dim",
  "block_count",
  "context_length",
  "embedding_length",
  "expert_count",
  "expert_feed_forward_length",
  "expert_used_count",
  "feed_forward_length",
  "full_attention_interval",
  "pooling_type",
  "projection_dim",
  "rope.dimension_count",
  "vision.projection_dim",
  "vocab_size",
]);

type MetadataValue =
  | { readonly kind: "number"; readonly value: number }
  /** Empty where it is too long to be kept. */
  | { readonly kind: "text"; readonly value: string }
  /** `numbers` are those of a short array, else none; `digest` is that of a vocabulary's first tokens. */
  | {
    readonly kind: "array";
    readonly length: number;
    readonly numbers: readonly number[];
    readonly digest?: string;
  };

/** The entries that `GgufHeader` is made of. */
export class GgufMetadata {
  readonly #values = new Map<string, MetadataValue>();

  /** Reads `count` entries and keeps the wanted ones. */
  static read(cursor: GgufCursor, count: number): GgufMetadata {
    if (count > MAX_METADATA_ENTRIES) {
      throw new InvalidGgufError(`its header claims ${count} metadata entries`);
    }
    cursor.expect(count * MIN_ENTRY_BYTES);
    const metadata = new GgufMetadata();
    for (let index = 0; index < count; index++) metadata.#readEntry(cursor);
    return metadata;
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  text(key: string): string | null {
    const value = this.#values.get(key);
    return value?.kind === "text" ? value.value : null;
  }

  /** A whole number of at least 0, or the largest of an array of them. */
  count(key: string): number | null {
    const counts = this.counts(key);
    return counts === null ? null : Math.max(0, ...counts);
  }

  /** One number for all layers, or one for each. */
  counts(key: string): readonly number[] | null {
    const value = this.#values.get(key);
    if (value === undefined || value.kind === "text") return null;
    const numbers = value.kind === "number" ? [value.value] : value.numbers;
    const wrong = numbers.find((number) => !Number.isSafeInteger(number) || number < 0);
    if (wrong !== undefined) throw new InvalidGgufError(`its ${key} is ${wrong}`);
    return numbers;
  }

  arrayLength(key: string): number | null {
    const value = this.#values.get(key);
    return value?.kind === "array" ? value.length : null;
  }

  /** SHA-256 of a vocabulary's first tokens. */
  digest(key: string): string | null {
    const value = this.#values.get(key);
    return value?.kind === "array" ? value.digest ?? null : null;
  }

  #readEntry(cursor: GgufCursor): void {
    const key = cursor.text(MAX_KEY_BYTES, "a metadata key");
    const type = cursor.u32();
    if (!isWanted(key)) return skipValue(cursor, type, key);
    if (this.#values.has(key)) throw new InvalidGgufError(`its header has ${key} twice`);
    this.#values.set(key, readValue(cursor, type, key));
  }
}

function isWanted(key: string): boolean {
  return WANTED_KEYS.has(key) || WANTED_OF_ARCHITECTURE.has(key.slice(key.indexOf(".") + 1));
}

function readValue(cursor: GgufCursor, type: number, key: string): MetadataValue {
  if (type === STRING) return { kind: "text", value: cursor.shortText(MAX_TEXT_BYTES) };
  if (type === ARRAY) return readArray(cursor, key);
  if (isScalarType(type)) return { kind: "number", value: cursor.scalar(type) };
  throw unknownType(type, key);
}

function readArray(cursor: GgufCursor, key: string): MetadataValue {
  const type = cursor.u32();
  const length = cursor.u64();
  if (key === TOKENS && type === STRING) return readTokens(cursor, length);
  if (!isScalarType(type) || length > MAX_KEPT_NUMBERS) {
    skipElements(cursor, { type, length }, key);
    return { kind: "array", length, numbers: [] };
  }
  const numbers = Array.from({ length }, () => cursor.scalar(type));
  return { kind: "array", length, numbers };
}

/** Enough of a vocabulary to tell it from any other; all of it would take its time with each file. */
function readTokens(cursor: GgufCursor, length: number): MetadataValue {
  cursor.expect(length * 8);
  const start = cursor.position;
  const compared = Math.min(length, COMPARED_TOKENS);
  for (let index = 0; index < compared; index++) cursor.skipText();
  const digest = createHash("sha256").update(cursor.since(start)).digest("hex");
  for (let index = compared; index < length; index++) cursor.skipText();
  return { kind: "array", length, numbers: [], digest };
}

/** Steps over one value of any type. */
export function skipValue(cursor: GgufCursor, type: number, key: string): void {
  if (type === STRING) cursor.skipText();
  else if (type === ARRAY) skipElements(cursor, { type: cursor.u32(), length: cursor.u64() }, key);
  else if (isScalarType(type)) cursor.skip(SCALAR_BYTES[type]);
  else throw unknownType(type, key);
}

/** Arrays of arrays are refused, as llama.cpp does: they could nest without end. */
function skipElements(
  cursor: GgufCursor,
  { type, length }: { readonly type: number; readonly length: number },
  key: string,
): void {
  if (isScalarType(type)) return cursor.skip(length * SCALAR_BYTES[type]);
  if (type !== STRING) throw unknownType(type, key);
  cursor.expect(length * 8);
  for (let index = 0; index < length; index++) cursor.skipText();
}

function unknownType(type: number, key: string): InvalidGgufError {
  return new InvalidGgufError(`its metadata entry ${key} has the impossible value type ${type}`);
}
