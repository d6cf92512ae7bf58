/** Small GGUF files for tests, valid unless a test breaks them. */

import { Buffer } from "node:buffer";
import { fileURLToPath } from "node:url";
import {
  entry,
  headerBytes,
  type MetadataEntry,
  type TensorToWrite,
} from "../support/gguf_writer.ts";

export const GUIDE = fileURLToPath(
  new URL("../../src/models/guide/guide.gguf", import.meta.url),
);

/** The metadata that makes a file a language model. */
export const MODEL_METADATA: readonly MetadataEntry[] = [
  entry("general.architecture", "llama"),
  entry("llama.block_count", 2),
  entry("llama.context_length", 4096),
  entry("llama.embedding_length", 64),
  entry("llama.feed_forward_length", 128),
  entry("llama.attention.head_count", 8),
  entry("llama.attention.head_count_kv", 2),
];

export function tensor(name: string, shape: readonly number[], type = 1): TensorToWrite {
  const byteLength = shape.reduce((product, size) => product * size, type === 0 ? 4 : 2);
  return { name, type, shape, byteLength, fill: null };
}

export interface Sample {
  readonly metadata?: readonly MetadataEntry[];
  readonly tensors?: readonly TensorToWrite[];
}

/** Weights of a model that no test asks for. */
export const SOME_WEIGHTS: readonly TensorToWrite[] = [tensor("token_embd.weight", [64])];

/** The header of a model; the entries given are added to what every model has. */
export function sampleHeader({ metadata = [], tensors = SOME_WEIGHTS }: Sample = {}): Uint8Array {
  const overridden = new Set(metadata.map(({ key }) => key));
  const kept = MODEL_METADATA.filter(({ key }) => !overridden.has(key));
  return headerBytes({ metadata: [...kept, ...metadata], tensors });
}

/** A whole file: the header, and zeros for the tensors. */
export function sampleFile(sample: Sample = {}): Uint8Array {
  const { tensors = SOME_WEIGHTS } = sample;
  const data = tensors.reduce((sum, { byteLength }) => sum + Math.ceil(byteLength / 32) * 32, 0);
  return Buffer.concat([sampleHeader(sample), new Uint8Array(data)]);
}

/** Metadata of one shard, as gguf-split writes it. */
export function splitMetadata(index: number, count: number): MetadataEntry[] {
  const u16 = (value: number) => new Uint8Array([value & 255, value >> 8]);
  return [
    { key: "split.no", type: 2, value: u16(index) },
    { key: "split.count", type: 2, value: u16(count) },
  ];
}
