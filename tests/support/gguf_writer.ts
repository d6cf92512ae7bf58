/** Writes GGUF files for tests: copies what another file says of itself, and adds tensors. */

import { Buffer } from "node:buffer";
import { GgufCursor } from "../../src/models/gguf/gguf_cursor.ts";
import { parseGgufHeader } from "../../src/models/gguf/gguf_header.ts";
import { skipValue } from "../../src/models/gguf/gguf_metadata.ts";

/** One metadata entry as its bytes stand in a file. */
export interface MetadataEntry {
  readonly key: string;
  readonly type: number;
  readonly value: Uint8Array;
}

export interface TensorToWrite {
  readonly name: string;
  readonly type: number;
  readonly shape: readonly number[];
  readonly byteLength: number;
  /** `null` leaves a hole in the file, which reads as zeros and costs no time. */
  readonly fill: ((bytes: Uint8Array) => void) | null;
}

export interface GgufToWrite {
  readonly metadata: readonly MetadataEntry[];
  readonly tensors: readonly TensorToWrite[];
}

const ALIGNMENT = 32;

/** A small file taken apart, ready to be changed and written again. */
export function takeApart(bytes: Uint8Array): GgufToWrite {
  const parsed = parseGgufHeader(bytes);
  if (parsed.kind === "more") throw new TypeError("Not a whole GGUF file");
  const { tensors, dataOffset } = parsed.header;
  return {
    metadata: readMetadata(bytes),
    tensors: tensors.map(({ name, type, shape, offset, byteLength }) => {
      const start = dataOffset + offset;
      const data = bytes.subarray(start, start + byteLength);
      return { name, type, shape, byteLength, fill: (target) => target.set(data) };
    }),
  };
}

function readMetadata(bytes: Uint8Array): MetadataEntry[] {
  const cursor = new GgufCursor(bytes);
  cursor.skip(16);
  return Array.from({ length: cursor.u64() }, () => {
    const key = cursor.text(65_535, "a key");
    const type = cursor.u32();
    const start = cursor.position;
    skipValue(cursor, type, key);
    return { key, type, value: bytes.slice(start, cursor.position) };
  });
}

export function u32(value: number): Uint8Array {
  return number(4, (view) => view.setUint32(0, value, true));
}

export function u64(value: number): Uint8Array {
  return number(8, (view) => view.setBigUint64(0, BigInt(value), true));
}

export function text(value: string): Uint8Array {
  const bytes = new TextEncoder().encode(value);
  return Buffer.concat([u64(bytes.length), bytes]);
}

/** An entry of type UINT32 or, given a text, STRING. */
export function entry(key: string, value: number | string): MetadataEntry {
  return typeof value === "number"
    ? { key, type: 4, value: u32(value) }
    : { key, type: 8, value: text(value) };
}

/** Everything before the tensor data, padded. */
export function headerBytes({ metadata, tensors }: GgufToWrite): Uint8Array {
  const offsets = tensorOffsets(tensors);
  const parts = [
    new TextEncoder().encode("GGUF"),
    u32(3),
    u64(tensors.length),
    u64(metadata.length),
    ...metadata.flatMap(({ key, type, value }) => [text(key), u32(type), value]),
    ...tensors.flatMap(({ name, type, shape }, index) => [
      text(name),
      u32(shape.length),
      ...shape.map(u64),
      u32(type),
      u64(offsets[index] ?? 0),
    ]),
  ];
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([...parts, new Uint8Array(padded(length) - length)]);
}

/** Writes the file tensor by tensor: never more than one is held. */
export function writeGguf(path: string, gguf: GgufToWrite): void {
  const header = headerBytes(gguf);
  const offsets = tensorOffsets(gguf.tensors);
  const largest = Math.max(0, ...gguf.tensors.map((tensor) => tensor.byteLength));
  const buffer = new Uint8Array(largest);
  using file = Deno.openSync(path, { write: true, create: true, truncate: true });
  writeAll(file, header);
  for (const [index, { byteLength, fill }] of gguf.tensors.entries()) {
    if (fill === null) continue;
    const bytes = buffer.subarray(0, byteLength);
    fill(bytes);
    file.seekSync(header.length + (offsets[index] ?? 0), Deno.SeekMode.Start);
    writeAll(file, bytes);
  }
  file.truncateSync(header.length + (offsets.at(-1) ?? 0));
}

/** The start of each tensor, and at the end of the list the end of the last one. */
function tensorOffsets(tensors: readonly TensorToWrite[]): number[] {
  const offsets = [0];
  for (const { byteLength } of tensors) offsets.push((offsets.at(-1) ?? 0) + padded(byteLength));
  return offsets;
}

function padded(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}

function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) written += file.writeSync(bytes.subarray(written));
}

function number(length: number, set: (view: DataView) => void): Uint8Array {
  const view = new DataView(new ArrayBuffer(length));
  set(view);
  return new Uint8Array(view.buffer);
}
