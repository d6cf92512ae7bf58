/** `mesh-llm plan MODEL`: where and how a model would run, before anything is loaded or downloaded. */

import { jsonText, printableAll } from "../../base/printable.ts";
import type { CatalogEntry, Status } from "../../api/mod.ts";
import { isNamed } from "../../base/model_ids.ts";
import { isModelPath } from "../../models/mod.ts";
import { askCatalog, askFile } from "../client/ask_catalog.ts";
import type { PlanCommand } from "../config/command.ts";
import { closestName } from "../base/closest_name.ts";
import { formatBytes, shortId, table } from "../base/format.ts";
import { printOut } from "../base/output.ts";
import type { Runtime } from "../terminal/runtime.ts";

/** Neither on disk, nor in the mesh, nor in the catalog. */
export class UnknownModelError extends Error {
  override name = "UnknownModelError";
}

export async function runPlan(command: PlanCommand, runtime: Runtime): Promise<number> {
  const { entries, status } = await askCatalog(command, runtime);
  const entry = await isFile(command.model)
    ? known(await askFile(command.model, { places: command, status }, runtime), entries)
    : findEntry(entries, command.model);
  printOut(command.json ? jsonText(entry, { indent: 2 }) : planText(entry, status));
  return 0;
}

/** As `--model` tells a path from a name. */
async function isFile(model: string): Promise<boolean> {
  if (isModelPath(model)) return true;
  return model.includes("/") && await Deno.stat(model).then(() => true, () => false);
}

/** The node itself knows more of what lies in its folders. */
function known(file: CatalogEntry, entries: readonly CatalogEntry[]): CatalogEntry {
  const isSame = ({ name, fingerprint, fit }: CatalogEntry) =>
    name === file.name && fingerprint === file.fingerprint && fit !== null;
  return entries.find(isSame) ?? file;
}

/**
 * By id, or by name in any letter case: of several models of a name the one on this disk.
 * @throws {UnknownModelError} with the nearest one, or with the ids of those that it may be
 */
export function findEntry(entries: readonly CatalogEntry[], name: string): CatalogEntry {
  const usable = entries.filter(({ fit }) => fit !== null);
  const having = (wanted: string) => usable.filter((entry) => entry.name === wanted);
  const isId = ({ name: model, fingerprint }: CatalogEntry) =>
    model !== name && fingerprint !== null && isNamed(name, { name: model, fingerprint });
  const byCase = usable.filter((entry) => entry.name.toLowerCase() === name.toLowerCase());
  const lists = [usable.filter(isId), having(name), having(`${name}:latest`), byCase];
  const found = lists.find((list) => list.length > 0);
  if (found !== undefined) return onlyOne(found, name);
  const broken = entries.find((entry) => entry.name === name)?.broken;
  if (broken) throw new UnknownModelError(broken);
  const meant = closestName(name, usable.map((entry) => entry.name));
  throw new UnknownModelError(
    `There is no model ${JSON.stringify(name)} on disk, in the mesh or in the catalog` +
      (meant === undefined ? ": mesh-llm models lists them" : ` (did you mean ${meant}?)`),
  );
}

function onlyOne(entries: readonly CatalogEntry[], name: string): CatalogEntry {
  const onDisk = entries.filter(({ places }) => places.includes("disk"));
  const [own, ...others] = onDisk.length > 0 ? onDisk : entries;
  if (own !== undefined && others.length === 0) return own;
  const ids = entries.map(({ id }) => id).join(", ");
  throw new UnknownModelError(
    `${JSON.stringify(name)} may be one of several models: name one of them, ${ids}`,
  );
}

export function planText(told: CatalogEntry, mesh: Status | null): string {
  const { id, sizeBytes, fit, state } = printableAll(told);
  const status = printableAll(mesh);
  if (fit === null) return `${id}: its header is not known yet\n`;
  const { needBytes, contextLength, largestContextLength, nodes, reason } = fit;
  const context = contextLength === 0 ? "" : ` with a context of ${tokens(contextLength)}`;
  const head = `${id} (${formatBytes(sizeBytes)}) needs ${formatBytes(needBytes)} ` +
    `of memory${context}\n${waitText(state)}${reason}\n`;
  const parts = nodes.length < 2 ? "" : "\n" + table([
    ["MACHINE", "SHARE", "MEMORY"],
    ...nodes.map(({ id, share }, index) => [
      nameOf(id, status) + (index === 0 ? " (host)" : ""),
      `${Math.round(share * 100)} %`,
      formatBytes(share * needBytes),
    ]),
  ]);
  const largest = largestContextLength === null
    ? ""
    : `\nLargest context that fits: ${tokens(largestContextLength)}\n`;
  return head + parts + largest;
}

function waitText(state: CatalogEntry["state"]): string {
  if (state === "turn") return "It waits its turn with the memory. ";
  return state === "waiting" ? "It waits. " : "";
}

function nameOf(id: string, status: Status | null): string {
  if (status === null) return "this machine";
  const { node, peers } = status;
  if (id === node.id) return `${node.name} (this)`;
  return peers.find((peer) => peer.id === id)?.name || shortId(id);
}

function tokens(length: number): string {
  return `${length.toLocaleString("en-US")} tokens`;
}
