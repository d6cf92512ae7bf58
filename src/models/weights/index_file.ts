import { readHeader } from "../gguf/read_header.ts";
import { fileIdentity, sameFile } from "./file_identity.ts";
import { hashInWorker } from "./hash_in_worker.ts";
import type { IndexCache } from "./index_cache.ts";
import type { FileIndex } from "./indexed_tensors.ts";

/**
 * The index of one GGUF file: from the cache, or hashed now, which takes a second for 300 MB.
 * @throws where the file can't be read or changes meanwhile, or the signal's reason.
 */
export async function indexFile(
  path: string,
  cache: IndexCache,
  signal: AbortSignal,
): Promise<FileIndex> {
  const file = await fileIdentity(path);
  const known = await cache.read(file);
  if (known !== undefined) return known;
  const { header } = await readHeader(path, signal);
  const places = header.tensors.map(({ offset, byteLength }) => ({
    offset: header.dataOffset + offset,
    byteLength,
  }));
  const hashes = await hashInWorker({ path, places }, signal);
  if (!sameFile(file, await fileIdentity(path))) {
    throw new Error(`Could not hash ${path}: it changed meanwhile`);
  }
  const tensors = header.tensors.map(({ name, type, shape }, index) => ({
    name,
    type,
    shape,
    ...places[index]!,
    ...hashes[index]!,
  }));
  await cache.write({ file, tensors });
  return { file, tensors };
}
