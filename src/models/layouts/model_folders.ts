import { join, resolve } from "node:path";
import { SEARCH_DEPTH } from "../base/defaults.ts";
import { findFiles, type FoundModels } from "./found.ts";
import { findInHubCache } from "./hub_cache.ts";
import { findInLlamaCache } from "./llama_cache.ts";
import { lmStudioFolders } from "./lm_studio.ts";
import { findInOllama } from "./ollama.ts";

/** The variables by which other programs are told where to keep models. An empty one counts as absent. */
export interface ModelEnvironment {
  readonly HF_HOME?: string | undefined;
  readonly HF_HUB_CACHE?: string | undefined;
  /** The earlier name of HF_HUB_CACHE. */
  readonly HUGGINGFACE_HUB_CACHE?: string | undefined;
  readonly XDG_CACHE_HOME?: string | undefined;
  readonly LLAMA_CACHE?: string | undefined;
  readonly OLLAMA_MODELS?: string | undefined;
}

/** The places that models lie in. */
export interface ModelPlaces {
  /** `--models-dir` */
  readonly modelsDir: string | null;
  readonly dataDir: string;
  /** The user's home, where there is one. */
  readonly home: string | null;
  readonly environment?: ModelEnvironment;
}

/** A folder that is searched, as the program whose it is has laid it out. */
export interface ModelFolder {
  readonly path: string;
  readonly layout: "files" | "hub" | "llama.cpp" | "ollama";
}

/** Folders that are searched, in the order in which they win: our own, then those of programs that people have models from. */
export function modelFolders(places: ModelPlaces): ModelFolder[] {
  const { modelsDir, dataDir, home, environment = {} } = places;
  const own = [...(modelsDir === null ? [] : [modelsDir]), join(dataDir, "models")];
  const folders = [
    ...own.map((path) => folder(path, "files")),
    ...(home === null ? [] : [folder(join(home, ".models"), "files")]),
    ...hubCaches(home, environment).map((path) => folder(path, "hub")),
    ...(home === null ? [] : lmStudioFolders(home)).map((path) => folder(path, "files")),
    ...llamaCaches(home, environment).map((path) => folder(path, "llama.cpp")),
    ...ollamaFolders(home, environment).map((path) => folder(path, "ollama")),
  ];
  return [...new Map(folders.toReversed().map((one) => [one.path, one])).values()].reverse();
}

export function findModels({ path, layout }: ModelFolder): Promise<FoundModels> {
  switch (layout) {
    case "files":
      return findFiles(path, SEARCH_DEPTH);
    case "hub":
      return findInHubCache(path);
    case "llama.cpp":
      return findInLlamaCache(path);
    case "ollama":
      return findInOllama(path);
  }
}

function folder(path: string, layout: ModelFolder["layout"]): ModelFolder {
  return { path: resolve(path), layout };
}

function hubCaches(home: string | null, environment: ModelEnvironment): string[] {
  const { HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME } = environment;
  const cache = HF_HUB_CACHE || HUGGINGFACE_HUB_CACHE;
  if (cache) return [atHome(cache, home)];
  if (HF_HOME) return [join(atHome(HF_HOME, home), "hub")];
  return cacheFolders(home, environment).map((path) => join(path, "huggingface/hub"));
}

function llamaCaches(home: string | null, environment: ModelEnvironment): string[] {
  const { LLAMA_CACHE } = environment;
  if (LLAMA_CACHE) return [atHome(LLAMA_CACHE, home)];
  const ofMacs = home === null ? [] : [join(home, "Library/Caches")];
  return [...cacheFolders(home, environment), ...ofMacs].map((path) => join(path, "llama.cpp"));
}

function ollamaFolders(home: string | null, { OLLAMA_MODELS }: ModelEnvironment): string[] {
  if (OLLAMA_MODELS) return [atHome(OLLAMA_MODELS, home)];
  // Its installer for Linux makes a user of its own.
  return home === null ? [] : [join(home, ".ollama/models"), "/usr/share/ollama/.ollama/models"];
}

function cacheFolders(home: string | null, { XDG_CACHE_HOME }: ModelEnvironment): string[] {
  if (XDG_CACHE_HOME) return [XDG_CACHE_HOME];
  return home === null ? [] : [join(home, ".cache")];
}

/** A shell does so, and neither a variable's value nor a quoted word has been through one. */
export function atHome(path: string, home: string | null): string {
  return home === null ? path : path.replace(/^~(?=\/|$)/, home);
}
