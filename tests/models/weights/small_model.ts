import { createHash } from "node:crypto";
import type { LocalModel } from "../../../src/models/base/types.ts";
import { loadModel } from "../../../src/models/gguf/local_model.ts";
import { takeApart, type TensorToWrite, writeGguf } from "../../support/gguf_writer.ts";

const GUIDE = new URL("../../../src/models/guide/guide.gguf", import.meta.url);

export interface ExtraTensor {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Writes the guide with more tensors of 8-bit integers behind its own. */
export async function modelWith(path: string, extra: readonly ExtraTensor[]): Promise<LocalModel> {
  const guide = takeApart(await Deno.readFile(GUIDE));
  const added = extra.map(({ name, bytes }): TensorToWrite => ({
    name,
    type: 24,
    shape: [bytes.length],
    byteLength: bytes.length,
    fill: (target) => target.set(bytes),
  }));
  writeGguf(path, { ...guide, tensors: [...guide.tensors, ...added] });
  return await loadModel(path);
}

/** The identity by which the library is asked. */
export function identityOf({ name, bytes }: ExtraTensor) {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { name, type: 24, shape: [bytes.length], byteLength: bytes.length, sha256 };
}

/** Everything that a generator of pieces yields. */
export async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  // A piece is the reader's only until it asks for the next.
  const copies = await Array.fromAsync(pieces, (piece) => piece.slice());
  return new Uint8Array(await new Blob(copies as BlobPart[]).arrayBuffer());
}
