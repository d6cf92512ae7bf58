/** Models as Ollama's clients read them. Pure. */

import type { CatalogEntry } from "../base/types.ts";
import type { ListedModel } from "../routing/model_list.ts";
import { taggedName } from "./model_word.ts";

/** A model that can be asked for, with what this node knows of its file. */
export interface KnownModel {
  readonly listed: ListedModel;
  readonly entry: CatalogEntry | undefined;
}

/** Ollama's clients read a time at which a model goes; nobody knows it here. */
const FOR_EVER = "9999-12-31T23:59:59Z";

/** One of `GET /api/tags`. */
export function tagOf(model: KnownModel) {
  const { listed, entry } = model;
  const name = taggedName(listed.id);
  return {
    name,
    model: name,
    modified_at: new Date(listed.created * 1_000).toISOString(),
    size: listed.size_bytes,
    digest: entry?.fingerprint ?? "",
    details: detailsOf(model),
  };
}

/** One of `GET /api/ps`. */
export function runningOf(model: KnownModel) {
  const { modified_at: _, ...tag } = tagOf(model);
  const { size_bytes, context_length = 0 } = model.listed;
  return { ...tag, expires_at: FOR_EVER, size_vram: size_bytes, context_length };
}

/** The answer to `POST /api/show`. */
export function shownOf(model: KnownModel) {
  const { listed, entry } = model;
  const architecture = entry?.architecture ?? "unknown";
  const tokens = listed.context_length;
  return {
    modelfile: `FROM ${listed.id}\n`,
    parameters: tokens === undefined ? "" : `num_ctx ${tokens}`,
    template: "",
    ...(entry?.licence ? { license: entry.licence } : {}),
    details: detailsOf(model),
    model_info: {
      "general.architecture": architecture,
      "general.basename": entry?.name ?? listed.id,
      // The room that a request has, which may be less than what the model was trained for. Known once it is loaded.
      ...(tokens === undefined ? {} : { [`${architecture}.context_length`]: tokens }),
    },
    capabilities: capabilitiesOf(entry),
    modified_at: tagOf(model).modified_at,
  };
}

/** llama-server lets every model that writes call tools. */
function capabilitiesOf(entry: CatalogEntry | undefined): readonly string[] {
  if (entry?.purpose === "embeddings") return ["embedding"];
  if (entry?.purpose === "reranking") return [];
  return ["completion", "tools", ...(entry?.vision ? ["vision"] : [])];
}

function detailsOf({ listed, entry }: KnownModel) {
  const family = entry?.architecture ?? "";
  return {
    parent_model: "",
    format: "gguf",
    family,
    families: family === "" ? [] : [family],
    parameter_size: parametersIn(entry?.name ?? listed.id),
    quantization_level: entry?.quantisation ?? "",
  };
}

/** As names tell it: `7B`, `8x7B`, `0.6B`. */
function parametersIn(name: string): string {
  const [, size = ""] = /(?:^|[-_.:/ ])((?:\d+x)?\d+(?:\.\d+)?[bm])(?:$|[-_.:/ ])/i.exec(name) ??
    [];
  return size.toUpperCase().replace("X", "x");
}
