/** `mesh-llm status`: what the running node sees. */

import { jsonText, printable, printableAll } from "../../base/printable.ts";
import type { ModelStatus, PeerStatus, Status } from "../../api/mod.ts";
import type { StatusCommand } from "../config/command.ts";
import { kindText } from "../base/device_text.ts";
import { count, formatBytes, formatRoundTrip, shortId, shownWord, table } from "../base/format.ts";
import { printOut } from "../base/output.ts";
import { findRunningNode, type RunningNodeClient } from "../client/running_node.ts";

export async function runStatus({ dataDir, json }: StatusCommand): Promise<number> {
  const node = await findRunningNode(dataDir);
  const status = await node.get("/api/status");
  // The node that answers is this program; its contract is docs/management-api.md.
  if (json) printOut(jsonText(status, { indent: 2 }));
  else printOut(statusText(status as Status) + await consoleText(node));
  return 0;
}

/** The address of the console, for a browser that is not signed in. An older node knows no such address. */
async function consoleText(node: RunningNodeClient): Promise<string> {
  const answer = await node.post("/api/session/links", {}).catch(() => null);
  const url = (answer as { url?: unknown } | null)?.url;
  return typeof url === "string"
    ? `\nConsole ${printable(url)}\nIt signs a browser in once, for ten minutes from now\n`
    : "";
}

/** Three tables: the nodes with this one first, their devices, and the models. */
export function statusText(told: Status): string {
  const status = printableAll(told);
  const { node, mesh, peers, models } = status;
  const machines = count(peers.length + (node.passive ? 0 : 1), "machine");
  const nodes = [
    ["NODE", "ROLE", "MODEL", "MEMORY", "ROUND TRIP"],
    [
      `${node.name || shortId(node.id)} (this)`,
      node.passive && node.role === "standby" ? "free, passive" : shownWord(node.role),
      cell(node.model),
      formatBytes(node.vramBytes),
      "",
    ],
    ...peers.map(peerRow),
  ];
  return [
    `Mesh ${shortId(mesh.id)}: ${machines} with ${formatBytes(mesh.vramBytes)} of memory\n`,
    table(nodes),
    ...devicesText([node, ...peers]),
    models.length === 0 ? "No models yet\n" : table([
      ["MODEL", "STATE", "SIZE", "SERVED BY", "WHY"],
      ...models.map((model) => modelRow(model, namesOf(status))),
    ]),
    ...models.flatMap(reasonText),
    ...notesOf(status),
    ...findingsOf(status),
  ].join("\n");
}

function devicesText(nodes: readonly Pick<PeerStatus, "id" | "name" | "devices">[]): string[] {
  const rows = nodes.flatMap(({ id, name, devices }) =>
    devices.map((device) => [
      device.name,
      name || shortId(id),
      kindText(device.kind),
      memory(device.totalBytes),
      memory(device.offeredBytes),
      memory(device.usedBytes),
    ])
  );
  const head = ["DEVICE", "NODE", "KIND", "TOTAL", "OFFERED", "USED"];
  return rows.length === 0 ? [] : [table([head, ...rows])];
}

/** As the doctor says it: what is found, and what to do about it. */
function findingsOf({ findings = [] }: Status): string[] {
  const lines = findings.map(({ level, found, remedy }) =>
    `${level === "problem" ? "Problem" : "Warning"}: ${found}\n  ${remedy}\n`
  );
  return lines.length === 0 ? [] : [lines.join("")];
}

function notesOf({ node, models }: Status): string[] {
  const ofModels = models.flatMap(({ instances }) => instances.flatMap(({ notes = [] }) => notes));
  const notes = [...node.notes ?? [], ...ofModels];
  return notes.length === 0 ? [] : [notes.map((note) => `Note: ${note}\n`).join("")];
}

function peerRow({ id, name, role, models, vramBytes, rttMs }: PeerStatus): readonly string[] {
  const roundTrip = rttMs === null ? "" : formatRoundTrip(rttMs);
  return [
    name || shortId(id),
    shownWord(role),
    cell(models.join(", ") || null),
    memory(vramBytes),
    roundTrip,
  ];
}

function modelRow(model: ModelStatus, names: ReadonlyMap<string, string>): readonly string[] {
  const nameOf = (id: string) => names.get(id) ?? shortId(id);
  const served = model.instances.filter(({ state }) => state !== "waiting");
  const groups = served.map(({ host, workers }) =>
    [host, ...workers.map((worker) => worker.id)].map(nameOf).join(" + ")
  );
  const { needBytes, haveBytes } = model.instances[0] ?? {};
  const lack = model.state === "waiting" && needBytes !== undefined && haveBytes !== undefined
    ? ` (needs ${formatBytes(needBytes)}, has ${formatBytes(haveBytes)})`
    : "";
  return [
    model.id,
    shownWord(model.state) + lack,
    formatBytes(model.sizeBytes),
    groups.join(", "),
    cell(model.instances[0]?.why ?? null),
  ];
}

/** Why a model is not served, where that is no finding. */
function reasonText({ id, state, reason }: ModelStatus): string[] {
  return reason === null || state === "failed" ? [] : [`${id} is not served. ${reason}\n`];
}

function namesOf({ node, peers }: Status): ReadonlyMap<string, string> {
  return new Map([node, ...peers].map(({ id, name }) => [id, name || shortId(id)]));
}

/** A client offers none, and much of the time nothing is used. */
function memory(bytes: number): string {
  return bytes === 0 ? "-" : formatBytes(bytes);
}

function cell(text: string | null): string {
  return text ?? "-";
}
