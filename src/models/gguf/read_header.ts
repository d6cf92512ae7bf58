import { FIRST_READ_BYTES } from "../base/defaults.ts";
import { systemReason } from "../../base/system_error.ts";
import { bytesText, InvalidGgufError } from "../base/errors.ts";
import { parseGgufHeader } from "./gguf_header.ts";
import type { GgufHeader } from "../base/types.ts";

/** One GGUF file as its header tells it. */
export interface GgufFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly header: GgufHeader;
  /** Everything before the tensor data. */
  readonly headerBytes: Uint8Array;
}

/**
 * Reads no more of the file than its header, and checks that all its tensors are there.
 * @throws {InvalidGgufError} naming the file, or `Deno.errors.NotFound`
 */
export async function readHeader(path: string, signal?: AbortSignal): Promise<GgufFile> {
  try {
    // Asked before it is opened: opening a named pipe would wait for a writer.
    const { size: sizeBytes, isFile } = await Deno.stat(path);
    if (!isFile) throw new InvalidGgufError("it is not a file");
    using file = await Deno.open(path);
    const { header, headerBytes } = await readGrowing(file, sizeBytes, signal);
    checkWhole(header, sizeBytes);
    return { path, sizeBytes, header, headerBytes };
  } catch (error) {
    if (error instanceof InvalidGgufError) throw new InvalidGgufError(error.reason, path);
    if (error instanceof Deno.errors.NotFound) throw error;
    const reason = systemReason(error);
    if (reason === null) throw error;
    throw new InvalidGgufError(`it can't be read: ${reason}`, path, { cause: error });
  }
}

async function readGrowing(file: Deno.FsFile, sizeBytes: number, signal?: AbortSignal) {
  let bytes = await readStart(file, new Uint8Array(), Math.min(FIRST_READ_BYTES, sizeBytes));
  while (true) {
    signal?.throwIfAborted();
    const parsed = parseGgufHeader(bytes);
    if (parsed.kind === "header") {
      const headerBytes = bytes.subarray(0, parsed.header.dataOffset);
      return { header: parsed.header, headerBytes };
    }
    if (parsed.atLeast > sizeBytes) throw cutShort(parsed.atLeast, sizeBytes);
    // Doubling keeps what is parsed twice below the size of the header.
    const next = Math.min(Math.max(parsed.atLeast, 2 * bytes.length), sizeBytes);
    bytes = await readStart(file, bytes, next);
  }
}

/** The file's first `length` bytes, of which `known` have been read. */
async function readStart(file: Deno.FsFile, known: Uint8Array, length: number) {
  const bytes = new Uint8Array(length);
  bytes.set(known);
  let filled = known.length;
  while (filled < length) {
    const read = await file.read(bytes.subarray(filled));
    if (read === null) throw new InvalidGgufError("it became shorter while it was read");
    filled += read;
  }
  return bytes;
}

function checkWhole(header: GgufHeader, sizeBytes: number): void {
  const needed = header.tensors.reduce(
    (end, tensor) => Math.max(end, header.dataOffset + tensor.offset + tensor.byteLength),
    header.dataOffset,
  );
  if (needed > sizeBytes) throw cutShort(needed, sizeBytes);
}

function cutShort(needed: number, sizeBytes: number): InvalidGgufError {
  return new InvalidGgufError(
    `it is cut short: its header says ${bytesText(needed)}, the file has ${
      bytesText(sizeBytes)
    }; ` +
      "copy or download it again",
  );
}
