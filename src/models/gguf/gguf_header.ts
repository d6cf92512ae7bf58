import { MAX_TENSOR_NAME_BYTES, MAX_TENSORS } from "../base/defaults.ts";
import { InvalidGgufError } from "../base/errors.ts";
import { quantisationName, tensorByteLength } from "./ggml_types.ts";
import { GgufCursor, NeedMoreBytes } from "./gguf_cursor.ts";
import { GgufMetadata } from "./gguf_metadata.ts";
import { attentionOf } from "./attention.ts";
import { projectionOf } from "./projection.ts";
import type { GgufHeader, GgufTensor, ModelHeader, Tokenizer } from "../base/types.ts";

export type ParsedHeader =
  | { readonly kind: "header"; readonly header: GgufHeader }
  /** The header goes on: call again with the file's first `atLeast` bytes or more. */
  | { readonly kind: "more"; readonly atLeast: number };

/** "GGUF", little-endian. */
const MAGIC = 0x46554747;
const BIG_ENDIAN_VERSIONS: readonly number[] = [0x02000000, 0x03000000];
const DEFAULT_ALIGNMENT = 32;
const MAX_DIMENSIONS = 4;
/** Name length, dimensions, type and offset: what a tensor's entry takes at least. */
const MIN_TENSOR_BYTES = 24;

/**
 * Reads a GGUF header (version 2 or 3) from the start of a file. Pure; false sizes cost no more than the bytes
 * themselves. A reader of our own: `@huggingface/gguf` builds the whole vocabulary as objects, and a node that starts
 * does not need one and has no time for it.
 * @throws {InvalidGgufError}
 */
export function parseGgufHeader(bytes: Uint8Array): ParsedHeader {
  try {
    return { kind: "header", header: readHeader(new GgufCursor(bytes)) };
  } catch (error) {
    if (error instanceof NeedMoreBytes) return { kind: "more", atLeast: error.atLeast };
    throw error;
  }
}

function readHeader(cursor: GgufCursor): GgufHeader {
  const version = readVersion(cursor);
  const tensorCount = cursor.u64();
  const metadata = GgufMetadata.read(cursor, cursor.u64());
  const alignment = readAlignment(metadata);
  const tensors = readTensors(cursor, tensorCount, alignment);
  // A first shard without tensors may end right here, without padding.
  if (tensors.length > 0) cursor.skip(-cursor.position & (alignment - 1));
  return { version, ...describe(metadata, tensors), tensors, dataOffset: cursor.position };
}

function readVersion(cursor: GgufCursor): number {
  if (cursor.u32() !== MAGIC) throw new InvalidGgufError("it does not begin with GGUF");
  const version = cursor.u32();
  if (BIG_ENDIAN_VERSIONS.includes(version)) {
    throw new InvalidGgufError("it was made for big-endian machines");
  }
  if (version !== 2 && version !== 3) {
    throw new InvalidGgufError(`it is of GGUF version ${version}, and only 2 and 3 are known`);
  }
  return version;
}

function readAlignment(metadata: GgufMetadata): number {
  const alignment = metadata.count("general.alignment") ?? DEFAULT_ALIGNMENT;
  if (alignment === 0 || alignment > 2 ** 30 || (alignment & (alignment - 1)) !== 0) {
    throw new InvalidGgufError(`its alignment is ${alignment}, which is no power of two`);
  }
  return alignment;
}

function readTensors(cursor: GgufCursor, count: number, alignment: number): GgufTensor[] {
  if (count > MAX_TENSORS) throw new InvalidGgufError(`its header claims ${count} tensors`);
  cursor.expect(count * MIN_TENSOR_BYTES);
  return Array.from({ length: count }, () => readTensor(cursor, alignment));
}

function readTensor(cursor: GgufCursor, alignment: number): GgufTensor {
  const name = cursor.text(MAX_TENSOR_NAME_BYTES, "a tensor's name");
  const dimensions = cursor.u32();
  if (dimensions > MAX_DIMENSIONS) {
    throw new InvalidGgufError(`tensor ${name} has ${dimensions} dimensions`);
  }
  const shape = Array.from({ length: dimensions }, () => cursor.u64());
  const type = cursor.u32();
  const offset = cursor.u64();
  if (!Number.isSafeInteger(offset) || offset % alignment !== 0) {
    throw new InvalidGgufError(`tensor ${name} lies at ${offset}, off its alignment`);
  }
  return { name, type, shape, offset, byteLength: tensorByteLength(type, shape, name) };
}

function describe(
  metadata: GgufMetadata,
  tensors: readonly GgufTensor[],
): Omit<ModelHeader, "version"> {
  const architecture = metadata.text("general.architecture") ?? "";
  const of = (key: string) => metadata.count(`${architecture}.${key}`);
  const headCount = of("attention.head_count") ?? 0;
  const fileType = metadata.count("general.file_type");
  return {
    architecture,
    name: metadata.text("general.name"),
    quantisation: fileType === null ? null : quantisationName(fileType),
    layers: of("block_count") ?? 0,
    contextLength: of("context_length") ?? 0,
    embeddingLength: of("embedding_length") ?? 0,
    feedForwardLength: Math.max(
      of("feed_forward_length") ?? 0,
      (of("expert_feed_forward_length") ?? 0) * (of("expert_used_count") ?? 0),
    ),
    headCount,
    headCountKv: of("attention.head_count_kv") ?? headCount,
    ...attentionOf(metadata, architecture),
    vocabularySize: metadata.arrayLength("tokenizer.ggml.tokens") ?? of("vocab_size") ?? 0,
    expertCount: of("expert_count") ?? 0,
    expertUsedCount: of("expert_used_count") ?? 0,
    tokenizer: readTokenizer(metadata),
    hasChatTemplate: metadata.has("tokenizer.chat_template"),
    pooling: POOLING[of("pooling_type") ?? -1] ?? null,
    projection: projectionOf(metadata, architecture, tensors),
    split: readSplit(metadata),
  };
}

/** By `llama_pooling_type` in llama.cpp's include/llama.h. */
const POOLING = ["none", "mean", "cls", "last", "rank"] as const;

function readTokenizer(metadata: GgufMetadata): Tokenizer | null {
  const model = metadata.text("tokenizer.ggml.model");
  const digest = metadata.digest("tokenizer.ggml.tokens");
  if (model === null || digest === null) return null;
  return { model, pre: metadata.text("tokenizer.ggml.pre"), digest };
}

function readSplit(metadata: GgufMetadata): GgufHeader["split"] {
  const count = metadata.count("split.count") ?? 1;
  const index = metadata.count("split.no") ?? 0;
  if (index >= Math.max(count, 1)) {
    throw new InvalidGgufError(`it says that it is shard ${index + 1} of ${count}`);
  }
  return count > 1 ? { index, count } : null;
}
