/** The parts of a release, as CycloneDX: the packages that package-lock.json pins, and Deno. */

import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { importsOf } from "../import_rules.ts";
import { fromRoot, run } from "../run.ts";
import { ReleaseError } from "./release_error.ts";

interface Component {
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
  readonly [more: string]: unknown;
}

export interface Sbom {
  readonly serialNumber?: string;
  readonly metadata: { readonly component: Component; readonly [more: string]: unknown };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: string[] }[];
  readonly [more: string]: unknown;
}

export interface SbomOptions {
  /** Of the packages that are shipped by themselves; what they need comes with them. */
  readonly shipped: ReadonlySet<string>;
  /** The runtime in the executable. */
  readonly deno: string;
  readonly timeS: number;
}

/** As npm tells it of the lock. @throws {ReleaseError} */
export async function lockedPackages(): Promise<Sbom> {
  const args = ["sbom", "--package-lock-only", "--sbom-format=cyclonedx"];
  const { success, stdout, text } = await run("npm", args, { output: "capture" })
    .catch(() => ({ success: false, stdout: "", text: "there is no npm" }));
  if (success) return JSON.parse(stdout);
  throw new ReleaseError(`Could not list the packages: ${text.trim()}`);
}

/** Those that the program needs, and those that the console is built of. */
export async function shippedPackages(): Promise<ReadonlySet<string>> {
  const { dependencies } = JSON.parse(await Deno.readTextFile(fromRoot("package.json")));
  return new Set([...Object.keys(dependencies), ...await importedBelow(fromRoot("console"))]);
}

async function importedBelow(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory && name !== "dist") found.push(...await importedBelow(path));
    // The configuration of the bundler is not in what it builds.
    if (!/\.tsx?$/.test(name) || basename(folder) === "console" && name.includes("config")) {
      continue;
    }
    const imports = importsOf(await Deno.readTextFile(path)).filter(({ typeOnly }) => !typeOnly);
    found.push(...imports.map(({ specifier }) => packageOf(specifier)));
  }
  return found;
}

/** `preact/hooks` is of `preact`, `@a/b/c` of `@a/b`. */
export function packageOf(specifier: string): string {
  return specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
}

/** Without what only builds and tests, and the same each time it is made of one commit. Pure. */
export function sbomOf(locked: Sbom, { shipped, deno, timeS }: SbomOptions): Sbom {
  const needs = new Map(locked.dependencies.map(({ ref, dependsOn }) => [ref, dependsOn ?? []]));
  const kept = new Set<string>();
  const keep = (ref: string) => {
    if (kept.has(ref)) return;
    kept.add(ref);
    for (const needed of needs.get(ref) ?? []) keep(needed);
  };
  const roots = needs.get(locked.metadata.component["bom-ref"]) ?? [];
  const own = locked.components.filter(({ "bom-ref": ref, name }) =>
    roots.includes(ref) && shipped.has(name)
  );
  for (const { "bom-ref": ref } of own) keep(ref);
  const runtime = { "bom-ref": `deno@${deno}`, name: "deno", version: deno };
  const components = [
    ...locked.components.filter(({ "bom-ref": ref }) => kept.has(ref)).map(shippedComponent),
    { ...runtime, type: "platform", scope: "required", purl: `pkg:github/denoland/deno@v${deno}` },
  ];
  const self = { ...locked.metadata.component, name: "mesh-llm", type: "application" };
  const direct = [...own.map(({ "bom-ref": ref }) => ref), runtime["bom-ref"]];
  return {
    ...locked,
    serialNumber: serialOf(JSON.stringify(components)),
    metadata: {
      ...locked.metadata,
      timestamp: new Date(timeS * 1_000).toISOString(),
      component: self,
    },
    components,
    dependencies: [
      { ref: self["bom-ref"], dependsOn: direct },
      ...locked.dependencies.filter(({ ref }) => kept.has(ref)),
      { ref: runtime["bom-ref"], dependsOn: [] },
    ],
  };
}

/** npm calls what the console is built of a development package; it is in the executable all the same. */
function shippedComponent(component: Component): Component {
  const properties = component.properties as { readonly name: string }[] | undefined;
  return {
    ...component,
    scope: "required",
    properties: (properties ?? []).filter(({ name }) => name !== "cdx:npm:package:development"),
  };
}

/** A UUID by what is listed, in place of a new one each time (RFC 9562, version 8). */
function serialOf(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
  ];
  return `urn:uuid:${parts.join("-")}-${hex.slice(20, 32)}`;
}
