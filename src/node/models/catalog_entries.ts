/** The answer to `GET /api/catalog`, made of the node's knowledge. Pure. */

import type { CatalogEntry, DownloadStatus, Fit, InstanceStatus } from "../../api/mod.ts";
import { isNamed, ModelIds } from "../../base/model_ids.ts";
import type { ModelOnDisk, ModelRef } from "../../mesh/mod.ts";
import {
  type BrokenModel,
  type CatalogModel,
  type LocalModel,
  purposeOf,
} from "../../models/mod.ts";
import type { FitModel, FitView } from "../plan/fit_mesh.ts";
import { fitJudge } from "../plan/fit_now.ts";
import { fitOf } from "../plan/fit_words.ts";
import { modelKey } from "../plan/view.ts";
import type { ShapeOf } from "./fit_views.ts";

export interface CatalogInstance {
  readonly model: ModelRef;
  readonly sizeBytes: number;
  readonly state: InstanceStatus["state"];
}

export interface CatalogInput {
  readonly onDisk: readonly LocalModel[];
  readonly broken: readonly BrokenModel[];
  /** Models on the disks of other members. */
  readonly elsewhere: readonly ModelOnDisk[];
  /** Models that share their names with others, as the routing table has them. */
  readonly namesakes: readonly ModelRef[];
  readonly instances: readonly CatalogInstance[];
  /** Names of models that nodes load once others have had their turn with the memory. */
  readonly turns: readonly string[];
  readonly catalog: readonly CatalogModel[];
  readonly downloads: readonly { readonly name: string; readonly progress: DownloadStatus }[];
  readonly mesh: FitView;
  readonly shapeOf: ShapeOf;
}

const PLACES = ["disk", "mesh", "catalog"] as const;
const STATES = ["warm", "loading", "turn", "waiting", "failed", "cold"] as const;

/**
 * Each model once: two of one name and different content are two. Hundreds of members may tell of hundreds of models,
 * so nothing is looked for twice.
 */
export function catalogEntries(input: CatalogInput): CatalogEntry[] {
  const listed = firstOf(input.catalog, ({ name }) => name);
  const fit = fitIn(input, listed);
  const known = knownEntries(input, fit);
  const downloads = firstOf(input.downloads, ({ name }) => name);
  const names = new Set(known.map(({ name }) => name));
  const entries = [
    ...known,
    ...input.broken.map((broken) => brokenEntry(broken)),
    ...input.catalog.filter(({ name }) => !names.has(name)).map((one) => listedEntry(one, fit)),
  ];
  const shown = new Set(entries.map(({ name }) => name));
  const others = input.downloads.filter(({ name }) => !shown.has(name));
  return [...entries, ...others.map(({ name, progress }) => unlistedEntry(name, progress, fit))]
    .map((entry) => withListing(entry, listed.get(entry.name)))
    .map((entry) => ({ ...entry, download: downloads.get(entry.name)?.progress ?? null }))
    .sort(byPlace);
}

/** Models that a node holds a file of, or serves. */
function knownEntries(input: CatalogInput, fit: FitOf): CatalogEntry[] {
  const byContent = new Map<string, CatalogEntry>();
  for (const model of input.onDisk) {
    byContent.set(modelKey(model), {
      ...blank(model.name, model.sizeBytes),
      fingerprint: model.fingerprint,
      places: ["disk"],
      architecture: model.header.architecture,
      quantisation: model.header.quantisation,
      contextLength: model.header.contextLength || null,
      vision: model.projector?.sees ?? false,
      purpose: purposeOf(model.header),
      fit: fit(model),
    });
  }
  const served = input.instances.map(({ model, sizeBytes }) => ({ ...model, sizeBytes }));
  for (const model of [...input.elsewhere, ...served]) {
    const { name, sizeBytes, fingerprint } = model;
    const entry = byContent.get(modelKey(model)) ??
      { ...blank(name, sizeBytes), fingerprint, fit: fit(model) };
    const places: CatalogEntry["places"] = [...new Set([...entry.places, "mesh" as const])];
    byContent.set(modelKey(model), { ...entry, places });
  }
  const states = bestStates(input.instances);
  const refs = [...byContent.values()].flatMap(({ name, fingerprint }) =>
    fingerprint === null ? [] : [{ name, fingerprint }]
  );
  const ids = new ModelIds([...refs, ...input.namesakes]);
  return [...byContent].map(([key, entry]) => {
    const { name, fingerprint } = entry;
    const id = fingerprint === null ? name : ids.idOf({ name, fingerprint });
    const isTurn = fingerprint !== null &&
      input.turns.some((turn) => isNamed(turn, { name, fingerprint }));
    const found: CatalogEntry["state"][] = [
      states.get(key) ?? "cold",
      ...isTurn ? ["turn" as const] : [],
    ];
    return { ...entry, id, state: STATES.find((state) => found.includes(state)) ?? "cold" };
  });
}

/** Of the instances of each model. */
function bestStates(instances: readonly CatalogInstance[]): Map<string, CatalogInstance["state"]> {
  const fromBest = STATES.flatMap((state) => instances.filter((one) => one.state === state));
  return new Map(fromBest.reverse().map(({ model, state }) => [modelKey(model), state]));
}

function brokenEntry({ name, reason }: BrokenModel): CatalogEntry {
  return { ...blank(name, 0), places: ["disk"], broken: reason };
}

function listedEntry(model: CatalogModel, fit: FitOf): CatalogEntry {
  const { name, sizeBytes, architecture, quantisation, contextLength } = model;
  const shape = { architecture, quantisation, contextLength };
  return { ...blank(name, sizeBytes), ...shape, fit: fit({ name, fingerprint: null, sizeBytes }) };
}

function unlistedEntry(name: string, { totalBytes }: DownloadStatus, fit: FitOf): CatalogEntry {
  const model = { name, fingerprint: null, sizeBytes: totalBytes };
  return { ...blank(name, totalBytes), fit: fit(model, "anywhere") };
}

/** The fields that only the built-in catalog has. */
function withListing(entry: CatalogEntry, listed: CatalogModel | undefined): CatalogEntry {
  if (listed === undefined) return entry;
  return {
    ...entry,
    places: [...new Set([...entry.places, "catalog" as const])],
    licence: listed.licence,
    repository: listed.repository,
    vision: entry.vision || listed.projector !== null,
  };
}

function firstOf<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T> {
  return new Map(items.toReversed().map((item) => [keyOf(item), item]));
}

type FitOf = (model: Omit<FitModel, "source">, source?: FitModel["source"]) => Fit;

function fitIn(
  { mesh, shapeOf }: CatalogInput,
  listed: ReadonlyMap<string, CatalogModel>,
): FitOf {
  const judge = fitJudge(mesh);
  return (known, told) => {
    const model = { ...known, source: told ?? (listed.has(known.name) ? "catalog" : "none") };
    return fitOf(judge(model, shapeOf(model)), mesh);
  };
}

function blank(name: string, sizeBytes: number): CatalogEntry {
  return {
    id: name,
    name,
    fingerprint: null,
    places: [],
    sizeBytes,
    architecture: null,
    quantisation: null,
    contextLength: null,
    licence: null,
    repository: null,
    vision: false,
    state: "cold",
    fit: null,
    download: null,
    broken: null,
  };
}

/** This disk first, then the mesh, then the catalog in its own order, from small to large. */
function byPlace(a: CatalogEntry, b: CatalogEntry): number {
  const rank = ({ places }: CatalogEntry) => PLACES.findIndex((place) => places.includes(place));
  return rank(a) - rank(b) ||
    (rank(a) === 2 ? a.sizeBytes - b.sizeBytes : a.id < b.id ? -1 : 1);
}
