/** The licences of all that is in the executable, from package-lock.json and node_modules. */

import { join } from "node:path";
import manifest from "../package.json" with { type: "json" };
import { shippedPackages } from "./release/sbom.ts";
import { fromRoot, say } from "./run.ts";

export interface LicensedPart {
  readonly name: string;
  readonly version: string;
  /** As SPDX writes it. */
  readonly license: string;
  /** Indices of its texts; none where its makers have put none into it. */
  readonly texts: readonly number[];
}

export interface Licenses {
  readonly parts: readonly LicensedPart[];
  /** Each once, since most have the same. */
  readonly texts: readonly string[];
}

interface Locked {
  readonly version?: string;
  readonly license?: string;
  readonly optional?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export type Lock = Readonly<Record<string, Locked>>;

const DENO = "https://github.com/denoland/deno/blob/main/LICENSE.md";

export async function readLock(): Promise<Lock> {
  return JSON.parse(await Deno.readTextFile(fromRoot("package-lock.json"))).packages;
}

/** The folders of the packages that are named, and of all that they need. Pure. */
export function neededFolders(lock: Lock, names: Iterable<string>): readonly string[] {
  const needed = new Set<string>();
  const visit = (name: string, from: string) => {
    const folder = folderOf(lock, name, from);
    if (folder === undefined || needed.has(folder)) return;
    needed.add(folder);
    const { dependencies, optionalDependencies } = lock[folder] ?? {};
    for (const next of Object.keys({ ...dependencies, ...optionalDependencies })) {
      visit(next, folder);
    }
  };
  for (const name of names) visit(name, "");
  return [...needed].sort();
}

/** As Node.js looks for it: beside whoever asks, and then further up. */
function folderOf(lock: Lock, name: string, from: string): string | undefined {
  const folder = `${from === "" ? "" : `${from}/`}node_modules/${name}`;
  if (lock[folder] !== undefined) return folder;
  if (from === "") return undefined;
  const above = from.lastIndexOf("/node_modules/");
  return folderOf(lock, name, above === -1 ? "" : from.slice(0, above));
}

/** This program, its packages and Deno. Everything else that is in the executable belongs to this program. */
export async function readLicenses(): Promise<Licenses> {
  const lock = await readLock();
  const texts: string[] = [];
  const indexOf = (text: string) => {
    if (!texts.includes(text)) texts.push(text);
    return texts.indexOf(text);
  };
  const own = await textsIn(fromRoot("."));
  const { version } = manifest;
  const parts: LicensedPart[] = [
    { name: "mesh-llm", version, license: manifest.license, texts: own.map(indexOf) },
    {
      name: `deno, which has parts of others: ${DENO}`,
      version: Deno.version.deno,
      license: "MIT",
      texts: [],
    },
  ];
  for (const folder of neededFolders(lock, await shippedPackages())) {
    const { version = "", license = "" } = lock[folder] ?? {};
    const name = folder.slice(folder.lastIndexOf("node_modules/") + "node_modules/".length);
    const found = await textsIn(fromRoot(folder));
    parts.push({ name, version, license, texts: found.map(indexOf) });
  }
  return { parts, texts };
}

const TEXT = /^(licen[cs]e|copying|notice)([.-].*)?$/i;

/** None where the folder is another platform's, and not here. */
async function textsIn(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder)).catch(() => []);
  const names = entries.filter(({ name, isFile }) => isFile && TEXT.test(name)).map(({ name }) =>
    name
  );
  const found = await Promise.all(
    names.sort().map((name) => Deno.readTextFile(join(folder, name))),
  );
  return found.map((text) => text.replaceAll("\r\n", "\n").trim());
}

if (import.meta.main) say(JSON.stringify(await readLicenses(), null, 2));
