/** `mesh-llm status`: what the running node sees. */

import { jsonText, printable, printableAll } from "../../base/printable.ts";
import type {
  InstanceStatus,
  ModelStatus,
  PeerStatus,
  ServingStatus,
  Status,
} from "../../api/mod.ts";
import type { StatusCommand } from "../config/command.ts";
import { kindText } from "../base/device_text.ts";
import { count, formatBytes, formatRoundTrip, shortId, shownWord, table } from "../base/format.ts";
import { printOut } from "../base/output.ts";
import { carrierNames, reachedText } from "../base/reached_text.ts";
import { relaysText } from "../base/relays_text.ts";
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

/** Tables: the nodes with this one first, what each runs, their devices, and the models with all their instances. */
export function statusText(told: Status): string {
  const status = printableAll(told);
  const { node, mesh, peers, models } = status;
  const machines = count(peers.length + (node.passive ? 0 : 1), "machine");
  const nodes = [
    ["NODE", "ROLE", "MODELS", "MEMORY", "REACHED", "ROUND TRIP"],
    [
      `${node.name || shortId(node.id)} (this)`,
      node.passive && node.role === "standby" ? "free, passive" : shownWord(node.role),
      modelsText(node.serving, node.model === null ? [] : [node.model]),
      formatBytes(node.vramBytes),
      "",
      "",
    ],
    ...peers.map((peer) => peerRow(peer, carrierNames(status))),
  ];
  return [
    `Mesh ${shortId(mesh.id)}: ${machines} with ${formatBytes(mesh.vramBytes)} of memory\n`,
    table(nodes),
    ...adviceText(peers),
    ...servingText(status),
    ...devicesText([node, ...peers]),
    models.length === 0 ? "No models yet\n" : table([
      ["MODEL", "STATE", "SIZE", "SERVED BY", "WHY"],
      ...models.flatMap((model) => modelRows(model, namesOf(status))),
    ]),
    ...models.flatMap(reasonText),
    ...switchedOffText([node, ...peers]),
    ...lanText(status),
    ...relaysOf(status),
    ...portMappingText(status),
    ...notesOf(status),
    ...findingsOf(status),
  ].join("\n");
}

/** Everything that a node serves or helps to serve, and what it is to serve besides. */
function modelsText(serving: readonly ServingStatus[], models: readonly string[]): string {
  const names = new Set([...serving.map(({ model }) => model), ...models]);
  return cell([...names].join(", ") || null);
}

/** Every part of every node in an instance, with the memory that it holds for it. */
function servingText(status: Status): string[] {
  const names = namesOf(status);
  const rows = [status.node, ...status.peers].flatMap(({ id, serving }) =>
    serving.map((part) => [
      names.get(id) ?? "",
      part.model,
      part.role === "host" ? "host" : `worker for ${names.get(part.host) ?? shortId(part.host)}`,
      shownWord(part.state),
      part.pinned ? "yes" : "-",
      heldText(part),
    ])
  );
  const head = ["NODE", "RUNS", "AS", "STATE", "PINNED", "HOLDS"];
  return rows.length === 0 ? [] : [table([head, ...rows])];
}

function heldText({ reservedBytes }: ServingStatus): string {
  const held = Object.entries(reservedBytes).map(([name, bytes]) =>
    `${formatBytes(bytes)} of ${printable(name)}`
  );
  return cell(held.join(", ") || null);
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

/** The machines on this network: those of this mesh, and other meshes by their names. */
function lanText(status: Status): string[] {
  const { lan } = status;
  if (lan === undefined || lan.state === "off") return [];
  const names = namesOf(status);
  const own = lan.peers.map(({ id, addresses }) => [
    names.get(id) ?? shortId(id),
    "machine of this mesh",
    addresses.map((address) => address.split("/")[2] ?? address).join(", "),
  ]);
  const others = lan.meshes.map(({ name, shortId, addresses }) => [
    `${name}'s mesh`,
    `another mesh, ${shortId}`,
    addresses.join(", "),
  ]);
  const rows = [...own, ...others];
  const head = ["ON THIS NETWORK", "IS", "ADDRESS"];
  return [
    ...(rows.length === 0 ? [] : [table([head, ...rows])]),
    ...(lan.problem === null ? [] : [`${lan.problem}\n`]),
  ];
}

function relaysOf({ relays = [] }: Status): string[] {
  return relays.length === 0 ? [] : [relaysText(relays)];
}

/** The way through the router, where there is one. */
function portMappingText({ portMapping }: Status): string[] {
  if (portMapping?.state !== "mapped") return [];
  const { address, by } = portMapping;
  return [`The router leads UDP ${address} to this machine (${by}).\n`];
}

/** As the doctor says it: what is found, and what to do about it. */
function findingsOf({ findings = [] }: Status): string[] {
  const lines = findings.map(({ level, found, remedy }) =>
    `${level === "problem" ? "Problem" : "Warning"}: ${found}\n  ${remedy}\n`
  );
  return lines.length === 0 ? [] : [lines.join("")];
}

function switchedOffText(nodes: readonly Pick<PeerStatus, "id" | "name" | "loadsOnRequest">[]) {
  const off = nodes.filter(({ loadsOnRequest }) => loadsOnRequest === false)
    .map(({ id, name }) => name || shortId(id));
  return off.length === 0 ? [] : [`Requests load no model on ${off.join(", ")}\n`];
}

function notesOf({ node, models }: Status): string[] {
  const ofModels = models.flatMap(({ instances }) => instances.flatMap(({ notes = [] }) => notes));
  const notes = [...node.notes ?? [], ...ofModels];
  return notes.length === 0 ? [] : [notes.map((note) => `Note: ${note}\n`).join("")];
}

function peerRow(
  { id, name, role, models, serving, vramBytes, rttMs, bulk, reached }: PeerStatus,
  carriers: ReadonlyMap<string, string>,
): readonly string[] {
  return [
    name || shortId(id),
    shownWord(role),
    modelsText(serving, models),
    memory(vramBytes),
    [reachedText(reached, carriers), ...bulkText(bulk)].filter((text) => text !== "").join(", "),
    rttMs === null ? "" : formatRoundTrip(rttMs),
  ];
}

/** Advice on ways that go over other nodes, once for all peers of which the same is true. */
function adviceText(peers: readonly PeerStatus[]): string[] {
  const advised = peers.flatMap(({ id, name, reached }) =>
    reached?.kind === "relayed" ? [{ name: name || shortId(id), advice: reached.advice }] : []
  );
  const byAdvice = Map.groupBy(advised, ({ advice }) => advice);
  return [...byAdvice].map(([advice, of]) =>
    `${of.map(({ name }) => name).join(", ")}: ${advice}\n`
  );
}

/** Of the streams between two nodes those of RPC and files alone are large. */
function bulkText(bulk: PeerStatus["bulk"]): string[] {
  return bulk === undefined ? [] : [`RPC by ${bulk.toUpperCase()}`];
}

/** One row, and one for each further instance. */
function modelRows(
  { id, state, sizeBytes, instances }: ModelStatus,
  names: ReadonlyMap<string, string>,
): (readonly string[])[] {
  const [first, ...others] = instances;
  const size = formatBytes(sizeBytes);
  if (first === undefined) return [[id, shownWord(state), size, "", cell(null)]];
  return [first, ...others].map((instance, index) => [
    index === 0 ? id : "",
    shownWord(instance.state) + lackText(instance),
    index === 0 ? size : "",
    servedBy(instance, names),
    cell(instance.why),
  ]);
}

function lackText({ state, needBytes, haveBytes }: InstanceStatus): string {
  return state === "waiting" && needBytes !== undefined && haveBytes !== undefined
    ? ` (needs ${formatBytes(needBytes)}, has ${formatBytes(haveBytes)})`
    : "";
}

/** The host, and its workers behind it. */
function servedBy(
  { state, host, workers }: InstanceStatus,
  names: ReadonlyMap<string, string>,
): string {
  if (state === "waiting") return "";
  return [host, ...workers.map(({ id }) => id)].map((id) => names.get(id) ?? shortId(id))
    .join(" + ");
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
