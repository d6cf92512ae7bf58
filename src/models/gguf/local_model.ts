import { InvalidGgufError, InvalidModelNameError, NoWeightsError } from "../base/errors.ts";
import { fingerprint } from "./fingerprint.ts";
import { type GgufFile, readHeader } from "./read_header.ts";
import { eachShardPath, shardName } from "../base/shards.ts";
import type { GgufHeader, LocalModel, ModelHeader } from "../base/types.ts";
import { isModelName } from "../../base/model_name.ts";

/**
 * Reads the headers of a model's file, or of all its shards when `path` is one of them.
 * @param name where it is not the file's
 * @throws {InvalidGgufError} also for a missing shard, or `Deno.errors.NotFound` for a single file
 */
export async function loadModel(
  path: string,
  signal?: AbortSignal,
  name = shardName(path).model,
): Promise<LocalModel> {
  if (!isModelName(name)) throw new InvalidModelNameError(path);
  const { count } = shardName(path);
  const files: GgufFile[] = [];
  // One after the other: the first missing one ends it.
  for (const shard of eachShardPath(path)) files.push(await readShard(shard, count, signal));
  const [first] = files;
  if (first === undefined) throw new InvalidGgufError("its name says shard 1 of 0", path);
  files.forEach(checkPlace);
  checkLanguageModel(first);
  const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  const model = {
    name,
    path: first.path,
    shards: files.map((file) => file.path),
    sizeBytes,
    fingerprint: fingerprint({ headers: files.map((file) => file.headerBytes), sizeBytes }),
    header: withoutTensors(first.header),
    projector: null,
  };
  if (files.every(({ header }) => header.tensors.length === 0)) throw new NoWeightsError(model);
  return model;
}

/** They are as large as all the rest, and code that needs them reads the file. */
function withoutTensors({ tensors: _, dataOffset: __, ...header }: GgufHeader): ModelHeader {
  return header;
}

async function readShard(path: string, count: number, signal?: AbortSignal): Promise<GgufFile> {
  try {
    return await readHeader(path, signal);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound) || count === 1) throw error;
    throw new InvalidGgufError(`this shard of ${count} is missing`, path);
  }
}

/** A renamed shard would pass for another one. */
function checkPlace(file: GgufFile): void {
  const { index, count } = shardName(file.path);
  const split = file.header.split ?? { index: 0, count: 1 };
  if (split.index + 1 === index && split.count === count) return;
  throw new InvalidGgufError(
    `it is shard ${split.index + 1} of ${split.count}, and its name says ${index} of ${count}`,
    file.path,
  );
}

/** Projectors and adapters are GGUF files too, and nothing that llama-server could serve alone. */
function checkLanguageModel({ path, header }: GgufFile): void {
  if (header.architecture === "") throw new InvalidGgufError("it names no architecture", path);
  if (header.layers > 0 || header.architecture === "clip") return;
  throw new InvalidGgufError(
    `it holds no layers of a language model (architecture ${header.architecture})`,
    path,
  );
}
