/**
 * The files that `llama-server -hf org/repo:tag` has fetched: `org_repo_file.gguf` in one folder, and beside it
 * `manifest=org=repo=tag.json`, which says how the file and its projector are called in the repository.
 */

import { basename, join } from "node:path";
import { z } from "zod";
import { parseJson } from "../../base/json.ts";
import { shardName } from "../base/shards.ts";
import { findFiles, type FoundFile, type FoundModels } from "./found.ts";

const MANIFEST = /^manifest=([^=]+)=([^=]+)=.*\.json$/;

const file = z.object({ rfilename: z.string().min(1) });
const schema = z.object({ ggufFile: file, mmprojFile: file.nullish() });

export async function findInLlamaCache(folder: string): Promise<FoundModels> {
  const { files, broken } = await findFiles(folder, 0);
  const known = new Map((await manifestFiles(folder)).map((one) => [one.path, one]));
  return { files: files.map((one) => known.get(one.path) ?? one), broken };
}

async function manifestFiles(folder: string): Promise<FoundFile[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder)).catch(() => []);
  const read = await Promise.all(entries.map(({ name }) => readManifest(folder, name)));
  return read.flat();
}

async function readManifest(folder: string, fileName: string): Promise<FoundFile[]> {
  const [, owner, repository] = MANIFEST.exec(fileName) ?? [];
  if (owner === undefined || repository === undefined) return [];
  const text = await Deno.readTextFile(join(folder, fileName)).catch(() => "");
  const { data } = schema.safeParse(parseJson(text));
  if (data === undefined) return [];
  const inCache = (path: string) =>
    join(folder, `${owner}_${repository}_${path}`.replaceAll(/[/\\]/g, "_"));
  const { ggufFile, mmprojFile } = data;
  return [{
    name: shardName(basename(ggufFile.rfilename)).model,
    path: inCache(ggufFile.rfilename),
    projector: mmprojFile ? inCache(mmprojFile.rfilename) : null,
  }];
}
