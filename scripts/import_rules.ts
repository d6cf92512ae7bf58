/** Which file may import which: docs/architecture.md. Pure. */

import { posix } from "node:path";
import type { ImportGraph } from "./circles.ts";
import { ROOMS } from "./rooms.ts";

/** A source file by its path from the project's root, with forward slashes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** The packages that package.json names. */
export interface Packages {
  readonly shipped: ReadonlySet<string>;
  readonly development: ReadonlySet<string>;
}

export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** Erased by the compiler. */
  readonly typeOnly: boolean;
}

export interface Offence {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

const PARTS = ["src/api", "src/mesh", "src/tunnel", "src/engine", "src/models", "src/downloads"];

/** The folder that every part may use, file by file: small helpers that know nothing of the program. */
const BASE = "src/base";

/** Per area the areas that it may import besides itself and the base. Tests may import everything. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  main: ["src/cli"],
  "src/cli": ["src/node", ...PARTS],
  "src/node": PARTS,
  "src/api": [],
  "src/mesh": [],
  "src/tunnel": [],
  "src/engine": ["src/downloads"],
  "src/models": ["src/downloads"],
  "src/downloads": [],
  console: [],
  scripts: ["main", "src/cli", "src/node", ...PARTS, "console", "tests"],
};

/** Arrows that carry types only: the page is built apart from the program. */
const TYPE_ARROWS: Readonly<Record<string, readonly string[]>> = { console: ["src/api"] };

/** Their files are built for people who develop, so they may use what is not shipped. */
const DEVELOPMENT_AREAS = ["console", "scripts", "tests"];

export function checkImports(files: readonly SourceFile[], packages: Packages): readonly Offence[] {
  return files.flatMap(({ path, text }) =>
    importsOf(text).flatMap((found) => {
      const message = judge(path, found, packages);
      return message === null ? [] : [{ path, line: found.line, message }];
    })
  );
}

/** Every static and dynamic import and re-export of a module that `deno fmt` has formatted. */
export function importsOf(text: string): readonly Import[] {
  const statement =
    /^(?:import|export)\s+(type\s)?(?:(?:(?!^(?:import|export)\b)[^"';()=])*?\sfrom\s+)?"([^"]+)"|\bimport\(\s*"([^"]+)"/gm;
  return [...text.matchAll(statement)].map((match) => ({
    specifier: match[2] ?? match[3] ?? "",
    line: text.slice(0, match.index).split("\n").length,
    typeOnly: match[1] !== undefined,
  }));
}

/** Which of these files imports which; what is not among them is left out. */
export function importGraph(files: readonly SourceFile[]): ImportGraph {
  const known = new Set(files.map(({ path }) => path));
  return new Map(files.map(({ path, text }) => {
    const targets = importsOf(text)
      .filter(({ specifier }) => specifier.startsWith("."))
      .map(({ specifier }) => posix.join(posix.dirname(path), specifier));
    return [path, targets.filter((target) => known.has(target))];
  }));
}

/** The fault of one import, or `null`. */
function judge(path: string, { specifier, typeOnly }: Import, packages: Packages): string | null {
  if (specifier.startsWith("node:")) return null;
  if (/^[a-z]+:/.test(specifier)) return `"${specifier}" is fetched from elsewhere; use npm`;
  if (isLight(path) && !typeOnly && !specifier.startsWith(".")) {
    return `${path} is for settings and numbers, so that it loads nothing: "${specifier}" is neither`;
  }
  if (!specifier.startsWith(".")) return judgePackage(path, specifier, packages);
  return judgeFile(path, posix.join(posix.dirname(path), specifier), typeOnly);
}

function judgePackage(path: string, specifier: string, packages: Packages): string | null {
  const name = specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
  if (packages.shipped.has(name)) return null;
  if (!packages.development.has(name)) return `package.json does not name "${name}"`;
  return DEVELOPMENT_AREAS.includes(areaOf(path)) ? null : `"${name}" is for development only`;
}

function judgeFile(path: string, target: string, typeOnly: boolean): string | null {
  const from = areaOf(path);
  const to = areaOf(target);
  if (isLight(path) && !typeOnly && !isLight(target) && to !== BASE) {
    return `${path} is for settings and numbers, so that it loads nothing: ${target} is neither`;
  }
  if (from === to) return judgeRooms(from, path, target);
  if (from === "tests" || target === "package.json") return null;
  if (to === BASE && from.startsWith("src/")) return null;
  if (typeOnly && TYPE_ARROWS[from]?.includes(to)) return null;
  if (!ARROWS[from]?.includes(to)) return `${from} must not import ${to}`;
  const isDoor = target === `${to}/mod.ts` || target === `${to}/config.ts`;
  return !from.startsWith("src/") || isDoor
    ? null
    : `${to} is entered through its mod.ts, or its config.ts for what can be set`;
}

/** Configurations and numbers: a file that imports them loads nothing else, above all no native addon. */
function isLight(path: string): boolean {
  return /^src\/(api|engine|mesh|models|node|tunnel)\/(.*\/)?(config|timings|(\w+_)?defaults)\.ts$/
    .test(
      path,
    );
}

/** Inside an area: from the rooms further up to those further down. */
function judgeRooms(area: string, path: string, target: string): string | null {
  const rooms = ROOMS[area];
  if (rooms === undefined) return null;
  const [from, to] = [path, target].map((file) => roomOf(area, file));
  for (const room of [from, to]) {
    if (!rooms.includes(room!)) return `${area} has no room "${room}": scripts/rooms.ts lists them`;
  }
  if (rooms.indexOf(from!) <= rooms.indexOf(to!)) return null;
  return `${area}/${from} must not import ${to === "" ? area : `${area}/${to}`}, which is above it`;
}

/** `src/node/plan/assignment/hot.ts` is in the room `plan` of `src/node`. */
function roomOf(area: string, path: string): string {
  const inside = path.slice(area.length + 1);
  return inside.includes("/") ? inside.slice(0, inside.indexOf("/")) : "";
}

/** `src/mesh/gossip/gossip.ts` is in `src/mesh`, `main.ts` in `main`. */
function areaOf(path: string): string {
  const [first = "", second = ""] = path.split("/");
  return first === "src" ? `src/${second}` : first.replace(/\.ts$/, "");
}
