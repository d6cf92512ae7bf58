/** The message if a model is named that is not here, and its remedy. */

import { basename, relative } from "node:path";
import { findInCatalog } from "../catalog/catalog.ts";
import { SEARCH_DEPTH } from "../base/defaults.ts";
import { ModelNotFoundError } from "../base/errors.ts";
import { GUIDE_NAME } from "./guide_file.ts";
import { findFiles } from "../layouts/found.ts";
import { isGgufName, shardName } from "../base/shards.ts";

/** As many as a person reads. */
const SHOWN = 10;

const REPOSITORY = /^[\w.-]+\/[\w.-]+(?::[\w.-]+)?$/;

export function notFoundError(
  name: string,
  folders: readonly string[],
  others: readonly string[],
): ModelNotFoundError {
  const listed = findInCatalog(name);
  if (listed !== undefined) {
    const size = `${
      (listed.sizeBytes / 1e9).toLocaleString("en-US", { maximumFractionDigits: 1 })
    } GB`;
    const sentence = `${listed.name} is in the catalog and not on this machine: get it with ` +
      `mesh-llm download ${listed.name} (${size}), then start again`;
    return new ModelNotFoundError(name, sentence);
  }
  const there = [...new Set(others)].sort();
  const known = there.length === 0 ? "No model is there" : `Found there: ${someOf(there)}`;
  const remedy = REPOSITORY.test(name)
    ? `If it is a repository of Hugging Face, get it with mesh-llm download ${name}, then start again`
    : `Put the file into one of these folders, name it by its path, get it with mesh-llm download, ` +
      `or use the built-in ${GUIDE_NAME}`;
  return new ModelNotFoundError(
    name,
    `Cannot find the model ${name}: no ${name}.gguf in ${
      folders.join(" or ")
    }. ${known}. ${remedy}`,
  );
}

export function urlError(url: string): ModelNotFoundError {
  const file = basename(new URL(url).pathname);
  const name = isGgufName(file) ? shardName(file).model : "its name";
  return new ModelNotFoundError(
    url,
    `Cannot serve ${url}: a model is served from this machine's disk. Get it with ` +
      `mesh-llm download ${url}, then start with --model ${name}`,
  );
}

/** Offers what is in the folder. */
export async function folderError(folder: string): Promise<ModelNotFoundError> {
  const { files } = await findFiles(folder, SEARCH_DEPTH);
  const models = files.map(({ path }) => relative(folder, path));
  const offer = models.length === 0
    ? "no GGUF file is in it"
    : `name one of its models, as in --model ${files[0]?.path}. In it: ${someOf(models)}`;
  return new ModelNotFoundError(folder, `Cannot serve ${folder}: it is a folder; ${offer}`);
}

function someOf(names: readonly string[]): string {
  const more = names.length - SHOWN;
  return names.slice(0, SHOWN).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
