import { basename } from "node:path";
import { z } from "zod";
import { DownloadRefusedError } from "../../downloads/mod.ts";
import { eachShardPath, isGgufName, shardName } from "../base/shards.ts";
import type { ModelReference } from "./reference.ts";

/** A file as the repository's metadata describes it. */
export interface RepositoryFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** Hexadecimal; `null` for small files that are not kept by their digest. */
  readonly sha256: string | null;
}

export interface RepositoryInfo {
  /** The commit that the files are of: a download that is resumed later still means the same bytes. */
  readonly commit: string;
  readonly licence: string | null;
  readonly files: readonly RepositoryFile[];
}

/** Far above any repository of models. */
const MAX_FILES = 20_000;

const schema = z.object({
  sha: z.string().regex(/^[0-9a-f]{40}$/),
  cardData: z.object({ license: z.string().max(128).optional() }).nullish().catch(null),
  siblings: z.array(z.object({
    rfilename: z.string().min(1).max(512),
    size: z.int().nonnegative().optional(),
    lfs: z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), size: z.int().nonnegative() })
      .nullish(),
  })).max(MAX_FILES),
});

/** The answer to `GET /api/models/org/repo?blobs=true`; `undefined` if it is something else. */
export function readRepository(body: unknown): RepositoryInfo | undefined {
  const { data } = schema.safeParse(body);
  if (data === undefined) return undefined;
  return {
    commit: data.sha,
    licence: data.cardData?.license ?? null,
    files: data.siblings.flatMap(({ rfilename, size, lfs }) => {
      const sizeBytes = lfs?.size ?? size;
      return sizeBytes === undefined
        ? []
        : [{ path: rfilename, sizeBytes, sha256: lfs?.sha256 ?? null }];
    }),
  };
}

type RepositoryReference = Extract<ModelReference, { kind: "repository" }>;

/** The quantisations to take if nobody names one: good at their size, and the most published one first. */
const PREFERRED = ["Q4_K_M", "MXFP4", "Q4_K_S", "Q4_0", "Q5_K_M", "Q8_0", "F16", "BF16"];

/**
 * The files of one model: all its shards, and its projector where the reference names one.
 * @throws {DownloadRefusedError} telling what there is instead
 */
export function pickFiles(info: RepositoryInfo, reference: RepositoryReference): RepositoryFile[] {
  const models = info.files.filter(({ path }) => isGgufName(path) && !isProjector(path));
  const first = named(models, reference.file) ?? quantised(models, reference.quantisation);
  if (first === undefined) throw nothingFits(models, reference);
  const shards = Array.from(eachShardPath(first.path), (path) => {
    const shard = models.find((file) => file.path === path);
    if (shard !== undefined) return shard;
    throw new DownloadRefusedError(`${reference.repository} lacks ${path}, a shard of the model`);
  });
  const projector = named(info.files, reference.projector);
  return projector === undefined ? shards : [...shards, projector];
}

/** Image encoders lie beside their models under names that begin so. */
export function isProjector(path: string): boolean {
  return basename(path).toLowerCase().includes("mmproj");
}

function named(files: readonly RepositoryFile[], path: string | null) {
  return files.find((file) => file.path === path);
}

function quantised(
  files: readonly RepositoryFile[],
  quantisation: string | null,
): RepositoryFile | undefined {
  const firsts = files.filter(({ path }) => shardName(path).index === 1);
  const wanted = quantisation === null ? PREFERRED : [quantisation];
  const found = wanted.map((name) => firsts.find(({ path }) => isQuantisation(path, name)));
  return found.find((file) => file !== undefined) ??
    (quantisation === null && firsts.length === 1 ? firsts[0] : undefined);
}

function isQuantisation(path: string, quantisation: string): boolean {
  const stem = shardName(path).model.toLowerCase();
  const wanted = quantisation.toLowerCase();
  return stem === wanted || [".", "-", "_"].some((sign) => stem.endsWith(sign + wanted));
}

function nothingFits(models: readonly RepositoryFile[], reference: RepositoryReference): Error {
  const { repository, quantisation } = reference;
  const names = [...new Set(models.map(({ path }) => shardName(path).model))].sort();
  const there = names.length === 0 ? "it holds no GGUF file" : `it holds ${names.join(", ")}`;
  const wanted = quantisation === null ? "a model to take" : quantisation;
  return new DownloadRefusedError(
    `Cannot find ${wanted} in ${repository}: ${there}`,
  );
}
