/** The page of models, made of the catalog: sections, words about fit, and possible actions. Pure. */

import type { CatalogEntry, DownloadStatus, Fit, FitStop } from "../../../src/api/base/types.ts";
import {
  clampFraction,
  countOf,
  displayName,
  displayText,
  formatBytes,
  formatDuration,
  formatPercent,
  formatProgress,
  listNames,
  wholePercentages,
} from "./format.ts";
import { nameOf } from "./mesh_view.ts";

export type SectionName = "served" | "arriving" | "disk" | "mesh" | "catalog";

export const SECTION_TITLES: Record<SectionName, string> = {
  served: "In use",
  arriving: "On their way",
  disk: "On this machine",
  mesh: "Elsewhere in the mesh",
  catalog: "To download",
};

export type ModelAction = "serve" | "drop" | "download" | "pause" | "resume" | "cancel";

export interface Section {
  readonly name: SectionName;
  readonly entries: readonly CatalogEntry[];
}

/** The facts beside the entry on which the words depend. */
export interface Place {
  readonly self: string;
  readonly isClient: boolean;
  /** The ids of the models that this node serves or takes part in. */
  readonly own: readonly string[];
  /** Of the settings of models on this disk, by id. */
  readonly revisions: ReadonlyMap<string, number>;
  readonly names: ReadonlyMap<string, string>;
}

export interface Filter {
  readonly text: string;
  readonly fitting: boolean;
}

function sectionOf({ state, download, places }: CatalogEntry): SectionName {
  if (state !== "cold") return "served";
  if (download !== null) return "arriving";
  if (places.includes("disk")) return "disk";
  return places.includes("mesh") ? "mesh" : "catalog";
}

function matches({ id, architecture, quantisation, repository }: CatalogEntry, text: string) {
  const all = [id, architecture, quantisation, repository].join(" ").toLowerCase();
  return text.toLowerCase().split(/\s+/).every((word) => all.includes(word));
}

/** Entries that pass the filter, by section; the order within each is the node's. */
export function sectionsOf(entries: readonly CatalogEntry[], { text, fitting }: Filter): Section[] {
  const shown = entries.filter((entry) => matches(entry, text) && (!fitting || mayFitNow(entry)));
  const groups = Map.groupBy(shown, sectionOf);
  return (Object.keys(SECTION_TITLES) as SectionName[]).flatMap((name) => {
    const found = groups.get(name);
    return found === undefined ? [] : [{ name, entries: found }];
  });
}

/** It fits, or nobody knows. A model that waits does neither. */
function mayFitNow({ fit, state }: CatalogEntry): boolean {
  const { kind, stops = [] } = fit ?? {};
  return state !== "waiting" && kind !== "none" && stops.length === 0;
}

function whereText(id: string, { self, names }: Place): string {
  return id === self ? "here" : `on ${nameOf(names, id)}`;
}

/** "60 % here, 40 % on mini". */
function sharesText({ nodes }: Fit, place: Place): string {
  const percents = wholePercentages(nodes.map(({ share }) => share));
  return listNames(
    nodes.map(({ id }, index) => {
      return `${formatPercent(percents[index] ?? 0)} ${whereText(id, place)}`;
    }),
    4,
  );
}

export interface FitText {
  /** `after`: once something stops. `waits`: the model is wanted, and does not run yet. */
  readonly kind: Fit["kind"] | "after" | "waits" | "unknown";
  readonly short: string;
  /** Why, and where. */
  readonly long: string;
}

/** Whether a model fits here, fits split, or does not, and why. One that waits is not said to fit. */
export function fitText(
  fit: Fit | null,
  place: Place,
  state: CatalogEntry["state"] = "cold",
): FitText {
  if (fit === null) {
    return { kind: "unknown", short: "Not known yet", long: "Shows once its file is here" };
  }
  const { kind, nodes, needBytes, stops = [] } = fit;
  const need = `needs ${formatBytes(needBytes)}`;
  const [first] = nodes;
  if (state === "turn") {
    return {
      kind: "waits",
      short: "Waits its turn with the memory",
      long: displayText(fit.reason),
    };
  }
  if (stops.length > 0) {
    const long = kind === "split"
      ? `${need}: ${sharesText(fit, place)}`
      : `${need} ${whereText(first?.id ?? "", place)}`;
    return { kind: "after", short: `Would fit if ${stopsText(stops, place)}`, long };
  }
  if (state === "waiting") {
    return { kind: "waits", short: "Waits for memory", long: displayText(fit.reason) };
  }
  if (kind === "solo" && first !== undefined) {
    return { kind, short: `Fits ${whereText(first.id, place)}`, long: need };
  }
  if (kind === "split") {
    const long = `${need}: ${sharesText(fit, place)}`;
    return { kind, short: `Fits split over ${countOf(nodes.length, "machine")}`, long };
  }
  return { kind: "none", short: "Does not fit", long: displayText(fit.reason) };
}

/** "tower stopped guide, which its user pinned". */
function stopsText(stops: readonly FitStop[], { self, names }: Place): string {
  const clauses = stops.map(({ host, machine: told, model, running, pinned }) => {
    const name = names.get(host) ?? (displayName(told) || nameOf(names, host));
    const machine = host === self ? "this machine" : name;
    const why = stops.length === 1 ? ", which its user pinned" : " (pinned by its user)";
    return `${machine} ${running ? "stopped" : "gave up"} ${displayName(model)}${
      pinned ? why : ""
    }`;
  });
  return listNames(clauses, 4);
}

export function downloadText(
  { state, receivedBytes, totalBytes, bytesPerSecond, secondsLeft, error }: DownloadStatus,
): string {
  if (state === "failed") return displayText(error ?? "The download failed");
  const part = `${formatBytes(receivedBytes)} of ${formatBytes(totalBytes)}`;
  if (state === "paused") return `Paused at ${part}`;
  const left = secondsLeft === null ? [] : [`${formatDuration(secondsLeft * 1000)} left`];
  return [part, `${formatBytes(bytesPerSecond)}/s`, ...left].join(", ");
}

export function downloadFraction({ receivedBytes, totalBytes }: DownloadStatus): number {
  return totalBytes > 0 ? clampFraction(receivedBytes / totalBytes) : 0;
}

export function downloadPercent(download: DownloadStatus): string {
  return formatProgress(downloadFraction(download));
}

/** The possible actions on a model from this node, the most likely first. */
export function actionsOf(entry: CatalogEntry, { isClient, own }: Place): ModelAction[] {
  if (isClient || entry.broken !== null) return [];
  if (entry.download !== null) {
    return [entry.download.state === "running" ? "pause" : "resume", "cancel"];
  }
  if (own.includes(entry.id)) return ["drop"];
  if (entry.places.includes("disk")) return ["serve"];
  return entry.places.includes("catalog") ? ["download"] : [];
}

/** It has settings here: its file is on this disk. */
export function hasSettings({ places, broken }: CatalogEntry, { isClient }: Place): boolean {
  return !isClient && broken === null && places.includes("disk");
}

/** The effect of an action, shown before it is taken; `null` if it needs no question. */
export function consequence(action: ModelAction, entry: CatalogEntry, place: Place): string | null {
  const name = displayName(entry.id);
  switch (action) {
    case "serve":
      return `${name} ${outcome(entry, place)}.${stopsHere(entry, place)}`;
    case "drop":
      return `${name} no longer runs on this machine; its memory is free again.`;
    case "download": {
      const from = entry.repository === null ? "" : ` from ${displayText(entry.repository)}`;
      const licence = entry.licence === null
        ? ""
        : ` Its licence is ${displayText(entry.licence)}.`;
      return `${formatBytes(entry.sizeBytes)} will be downloaded${from}.${licence} ` +
        laterText(entry, place);
    }
    case "cancel":
      return `The downloaded part of ${name} will be removed.`;
    case "pause":
    case "resume":
      return null;
  }
}

/** The models of this machine that make room for one that its user serves here. */
function stopsHere({ fit }: CatalogEntry, { self }: Place): string {
  const names = (fit?.stops ?? []).filter(({ host }) => host === self)
    .map(({ model }) => displayName(model));
  if (names.length === 0) return "";
  return ` ${listNames(names, 4)} ${names.length === 1 ? "stops" : "stop"} on this machine first.`;
}

function laterText(entry: CatalogEntry, place: Place): string {
  const { kind, short } = fitText(entry.fit, place, entry.state);
  const fits = `${short.slice(0, 1).toLowerCase()}${short.slice(1)}`;
  return kind === "after" ? `It ${fits}.` : `Then it can be served here: ${fits}.`;
}

function outcome({ fit }: CatalogEntry, place: Place): string {
  if (fit === null) return "will be loaded where it fits";
  const elsewhere = (fit.stops ?? []).filter(({ host }) => host !== place.self);
  if (elsewhere.length > 0) {
    return `will wait for memory. It would fit if ${stopsText(elsewhere, place)}`;
  }
  switch (fit.kind) {
    case "solo":
      return fit.nodes[0]?.id === place.self
        ? "will run on this machine alone"
        : `will run on ${nameOf(place.names, fit.nodes[0]?.id ?? "")} alone`;
    case "split":
      return `will be split over ${countOf(fit.nodes.length, "machine")}: ${
        sharesText(fit, place)
      }`;
    case "none":
      return `will wait for memory: it needs ${formatBytes(fit.needBytes)}, and there are ` +
        formatBytes(fit.haveBytes);
  }
}

/** Ids of models that read images. */
export function visionModels(entries: readonly CatalogEntry[]): ReadonlySet<string> {
  return new Set(entries.flatMap(({ id, vision }) => vision ? id : []));
}
