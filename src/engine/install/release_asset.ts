/** The answer of GitHub's releases API about a release, and the kinds of its archives: parsed here, once. */

import type { EngineBuild } from "../base/types.ts";
import { BUILDS } from "./builds.ts";

/** One file of a release, as the API describes it. */
export interface ReleaseAsset {
  readonly name: string;
  readonly url: string;
  readonly sizeBytes: number;
  /** Hexadecimal SHA-256; `null` where the release publishes none. */
  readonly sha256: string | null;
}

export function parseRelease(value: unknown): ReleaseAsset[] {
  const assets = isRecord(value) ? value.assets : undefined;
  if (!Array.isArray(assets)) throw new TypeError("The answer lists no assets");
  return assets.flatMap((asset: unknown) => {
    if (!isRecord(asset)) return [];
    const { name, browser_download_url: url, size, digest } = asset;
    if (typeof name !== "string" || typeof url !== "string" || typeof size !== "number") return [];
    return [{ name, url, sizeBytes: size, sha256: parseDigest(digest) }];
  });
}

function parseDigest(digest: unknown): string | null {
  return typeof digest === "string" ? /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1] ?? null : null;
}

export interface Platform {
  readonly os: string;
  readonly arch: string;
}

const SYSTEMS: Readonly<Record<string, string>> = { darwin: "macos", linux: "ubuntu" };
const MACHINES: Readonly<Record<string, string>> = { x86_64: "x64", aarch64: "arm64" };

/** The name of a build's archive for people: `ubuntu-cuda-13-x64`. */
export function archiveWords(build: EngineBuild, platform: Platform): string {
  return [...wordsOf(build, platform)].filter((word) => word !== "").join("-");
}

function wordsOf(build: EngineBuild, { os, arch }: Platform): readonly string[] {
  const words = os === "darwin" ? [] : BUILDS[build].words;
  return [SYSTEMS[os] ?? os, ...words, MACHINES[arch] ?? arch];
}

/**
 * The archives that make up a build: the engine's, and for CUDA the one with NVIDIA's libraries. `undefined` where one is
 * missing. Names carry versions that change from release to release: of several the highest is taken.
 */
export function findArchives(
  assets: readonly ReleaseAsset[],
  build: EngineBuild,
  platform: Platform,
): readonly ReleaseAsset[] | undefined {
  const words = wordsOf(build, platform);
  const engines = assets.filter(({ name }) => matches(name, /^llama-.+?-bin-/, words))
    .sort((a, b) => b.name.localeCompare(a.name, "en", { numeric: true }));
  for (const engine of engines) {
    if (BUILDS[build].cuda === null) return [engine];
    const exact = tokensOf(engine.name, /^llama-.+?-bin-/) ?? [];
    const runtime = assets.find(({ name }) =>
      tokensOf(name, /^cudart-llama-(?:.+?-)?bin-/)?.join() === exact.join()
    );
    if (runtime !== undefined) return [engine, runtime];
  }
  return undefined;
}

function matches(name: string, start: RegExp, words: readonly string[]): boolean {
  const tokens = tokensOf(name, start);
  return tokens !== undefined && tokens.length === words.length &&
    words.every((word, index) => isWord(tokens[index] ?? "", word));
}

/** `13.4` is a `13`, and any version is a word that is not given. */
function isWord(token: string, word: string): boolean {
  return word === "" ? /^\d/.test(token) : token === word || token.startsWith(`${word}.`);
}

/** The words after the start, up to the ending: `.tar.gz`, and `.zip` in older releases. */
function tokensOf(name: string, start: RegExp): string[] | undefined {
  const match = new RegExp(`${start.source}(.+)\\.(?:tar\\.gz|zip)$`).exec(name);
  return match?.[1]?.split("-");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
