/** `mesh-llm rm MODEL`: by the running node, which knows what it serves; else from this machine's disk alone. */

import { ModelIds } from "../../base/model_ids.ts";
import { jsonText, printable } from "../../base/printable.ts";
import type { CatalogEntry } from "../../api/mod.ts";
import { confirmed } from "../base/confirmed.ts";
import { formatBytes } from "../base/format.ts";
import { printError, printOut } from "../base/output.ts";
import { UsageError } from "../base/usage_error.ts";
import { offlineOptions } from "../client/ask_catalog.ts";
import { findKeepingNode } from "../client/keeping_node.ts";
import type { RemoveCommand } from "../config/command.ts";
import type { Runtime } from "../terminal/runtime.ts";

interface Disk {
  readonly models: readonly CatalogEntry[];
  /** @throws where the model is not there, is served, or lies outside of the models folder. */
  remove(model: string): Promise<unknown>;
}

export async function runRemove(command: RemoveCommand, runtime: Runtime): Promise<number> {
  const { model, yes, json } = command;
  const disk = await diskOf(command, runtime);
  const entry = entryOnDisk(model, disk.models);
  // Of what is not there, the removal says why.
  const asks = entry !== null && !yes;
  if (asks && !Deno.stdin.isTerminal()) {
    throw new UsageError("rm asks before it removes files, and nobody can answer here: add --yes");
  }
  if (asks && !confirmed(`Remove ${textOf(entry)} from this machine's disk?`)) {
    printError("Nothing was removed\n");
    return 1;
  }
  await disk.remove(model);
  printOut(
    json
      ? jsonText({ model: entry?.id ?? model, sizeBytes: entry?.sizeBytes ?? null })
      : `Removed ${entry === null ? printable(model) : textOf(entry)}\n`,
  );
  return 0;
}

async function diskOf(places: RemoveCommand, runtime: Runtime): Promise<Disk> {
  const { dataDir, modelsDir } = places;
  const node = await findKeepingNode(dataDir);
  if (node === null) {
    const { offlineCatalog, offlineRemove } = await import("../../node/mod.ts");
    const options = offlineOptions(places, runtime);
    return {
      models: await offlineCatalog(options),
      remove: (model) => offlineRemove(model, options),
    };
  }
  if (modelsDir !== null) {
    throw new UsageError(
      `The node that runs on ${dataDir} removes models of its own folder only: ` +
        "leave --models-dir out, or end it first with mesh-llm stop",
    );
  }
  return {
    models: await node.get("/api/catalog") as CatalogEntry[],
    remove: (model) => node.delete(`/api/models/${encodeURIComponent(model)}`),
  };
}

/** The only model on the disk that is meant, as whoever removes it finds it. */
function entryOnDisk(asked: string, models: readonly CatalogEntry[]): CatalogEntry | null {
  const entries = models.filter(({ places, broken }) => broken === null && places.includes("disk"));
  const contents = entries.flatMap(({ name, fingerprint }) =>
    fingerprint === null ? [] : [{ name, fingerprint }]
  );
  const meant = new ModelIds(contents).only(asked);
  return entries.find(({ name, fingerprint }) =>
    name === meant?.name && fingerprint === meant.fingerprint
  ) ?? null;
}

function textOf({ id, sizeBytes }: CatalogEntry): string {
  return `${printable(id)} (${formatBytes(sizeBytes)})`;
}
