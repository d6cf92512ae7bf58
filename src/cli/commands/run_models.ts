/** `mesh-llm models`: what is on disk, in the mesh and in the catalog, and what of it fits. */

import { jsonText, printableAll } from "../../base/printable.ts";
import type { CatalogEntry, FitStop } from "../../api/mod.ts";
import { askCatalog } from "../client/ask_catalog.ts";
import type { ModelsCommand } from "../config/command.ts";
import { count, formatBytes, shownWord, table } from "../base/format.ts";
import { printOut } from "../base/output.ts";
import type { Runtime } from "../terminal/runtime.ts";

export async function runModels(command: ModelsCommand, runtime: Runtime): Promise<number> {
  const { entries } = await askCatalog(command, runtime);
  printOut(
    command.json ? jsonText(entries, { indent: 2 }) : modelsText(entries, { all: command.all }),
  );
  return 0;
}

type Place = CatalogEntry["places"][number];

/** A table for each place; a model is shown once, where it is nearest. */
export function modelsText(
  told: readonly CatalogEntry[],
  { all }: { readonly all: boolean },
): string {
  const entries = printableAll(told);
  const usable = entries.filter(({ broken }) => broken === null);
  const at = (place: Place) => usable.filter(({ places }) => places[0] === place);
  const listed = at("catalog");
  const fitting = listed.filter(({ fit }) => all || fit?.kind !== "none");
  const blocks = [
    block("On this machine", at("disk")),
    block("Elsewhere in the mesh", at("mesh")),
    block("To download (mesh-llm download NAME)", fitting),
    hiddenText(listed.length - fitting.length),
    brokenText(entries),
  ];
  return blocks.filter((text) => text !== "").join("\n");
}

function block(title: string, entries: readonly CatalogEntry[]): string {
  if (entries.length === 0) return "";
  const states = entries.map(stateText);
  const isIdle = states.every((state) => state === IDLE);
  const rows = entries.map((entry, index) => [
    entry.id,
    formatBytes(entry.sizeBytes),
    ...(isIdle ? [] : [states[index] ?? IDLE]),
    fitText(entry),
  ]);
  const head = ["MODEL", "SIZE", ...(isIdle ? [] : ["STATE"]), "FITS"];
  return `${title}\n${table([head, ...rows])}`;
}

const IDLE = "-";

function stateText({ state, download }: CatalogEntry): string {
  if (download === null) return state === "cold" ? IDLE : shownWord(state);
  const { receivedBytes, totalBytes } = download;
  const percent = totalBytes === 0 ? 0 : Math.floor(100 * receivedBytes / totalBytes);
  return `${download.state === "running" ? "downloading" : download.state} ${percent} %`;
}

function fitText({ fit, state }: CatalogEntry): string {
  if (fit === null) return "-";
  const { stops = [] } = fit;
  const need = formatBytes(fit.needBytes);
  if (state === "turn") return `its turn comes (${need})`;
  if (stops.length > 0) return `if ${stopsText(stops)} (${need})`;
  // Nothing is promised of a model that waits, whatever there is for it.
  if (state === "waiting" && fit.kind !== "none") return `waits (${need})`;
  switch (fit.kind) {
    case "solo":
      return `alone (${need})`;
    case "split":
      return `split over ${fit.nodes.length} (${need})`;
    case "none":
      return `no: needs ${need}, has ${formatBytes(fit.haveBytes)}`;
  }
}

function stopsText(stops: readonly FitStop[]): string {
  const [first, ...others] = stops;
  if (first === undefined || others.length > 0) return `${count(stops.length, "model")} stop`;
  const { machine, model, running, pinned } = first;
  return `${machine} ${running ? "stops" : "gives up"} ${model}${pinned ? ", pinned" : ""}`;
}

function hiddenText(hidden: number): string {
  if (hidden === 0) return "";
  const verb = hidden === 1 ? "needs" : "need";
  return `${
    count(hidden, "more model")
  } of the catalog ${verb} more memory: mesh-llm models --all\n`;
}

function brokenText(entries: readonly CatalogEntry[]): string {
  const broken = entries.flatMap(({ broken }) => broken === null ? [] : [broken]);
  return broken.length === 0 ? "" : `Can't be used\n${broken.map((one) => `${one}\n`).join("")}`;
}
