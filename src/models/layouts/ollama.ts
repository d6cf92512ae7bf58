/**
 * Ollama's models: `manifests/<host>/<namespace>/<model>/<tag>` names the layers of a model, which are files
 * `blobs/sha256-<digest>` without an extension.
 */

import { join, relative, sep } from "node:path";
import { z } from "zod";
import { systemWords } from "../../base/system_error.ts";
import { parseJson } from "../../base/json.ts";
import type { BrokenModel, FoundFile, FoundModels } from "./found.ts";

const DEFAULT_HOST = "registry.ollama.ai";
const DEFAULT_NAMESPACE = "library";
/** Host, namespace, model and tag. */
const MANIFEST_PARTS = 4;

const TYPE = "application/vnd.ollama.image.";

const schema = z.object({
  layers: z.array(z.object({
    mediaType: z.string(),
    digest: z.string().regex(/^sha256[:-][0-9a-f]{64}$/),
  })),
});

type Read = { readonly files: readonly FoundFile[] } | { readonly broken: BrokenModel };

export async function findInOllama(folder: string): Promise<FoundModels> {
  const manifests = await filesBelow(join(folder, "manifests"), MANIFEST_PARTS - 1);
  const read = await Promise.all(manifests.map((path) => readManifest(folder, path)));
  return {
    files: read.flatMap((one) => "files" in one ? one.files : []),
    broken: read.flatMap((one) => "broken" in one ? [one.broken] : []),
  };
}

async function readManifest(folder: string, path: string): Promise<Read> {
  const name = modelName(relative(join(folder, "manifests"), path).split(sep));
  const broken = (reason: string): Read => ({
    broken: { name, path, reason: `Cannot use Ollama's ${name} (${path}): ${reason}` },
  });
  const text = await Deno.readTextFile(path).catch((error: unknown) => error);
  if (typeof text !== "string") {
    return broken(`its manifest can't be read: ${systemWords(text)}`);
  }
  const { data } = schema.safeParse(parseJson(text));
  if (data === undefined) return broken("its manifest is not one");
  const blobs = (kind: string) =>
    data.layers.filter(({ mediaType }) => mediaType === TYPE + kind)
      .map(({ digest }) => join(folder, "blobs", digest.replace(":", "-")));
  const [model, ...more] = blobs("model");
  if (model === undefined) return { files: [] }; // it runs on Ollama's own servers
  if (more.length > 0) return broken("it consists of several files");
  if (blobs("adapter").length > 0) return broken("it needs an adapter beside the model");
  const [projector = null] = blobs("projector");
  const files = [{ name, path: model, projector }];
  return {
    files: projector === null ? files : [...files, { name: `${name}-mmproj`, path: projector }],
  };
}

/** As `ollama list` shows it. */
function modelName(parts: readonly string[]): string {
  const [host = "", namespace = "", model = "", tag = ""] = parts;
  const owner = host !== DEFAULT_HOST
    ? `${host}/${namespace}/`
    : namespace === DEFAULT_NAMESPACE
    ? ""
    : `${namespace}/`;
  return `${owner}${model}:${tag}`;
}

/** Exactly so deep; nothing where there is no such folder. */
async function filesBelow(folder: string, depth: number): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder)).catch(() => []);
  const paths: string[] = [];
  for (const { name, isFile } of entries.toSorted((a, b) => a.name < b.name ? -1 : 1)) {
    const path = join(folder, name);
    if (depth > 0) paths.push(...await filesBelow(path, depth - 1));
    else if (isFile && !name.startsWith(".")) paths.push(path);
  }
  return paths;
}
