/** The page's view of a status: machines with their part in a model, and models with their machines. Pure. */

import type {
  Device,
  InstanceStatus,
  ModelStatus,
  Reached,
  ServingStatus,
  Status,
} from "../../../src/api/base/types.ts";
import { clampFraction, displayName, displayText, shortId, wholePercentages } from "./format.ts";
import type {
  DeviceView,
  InstanceView,
  Machine,
  Memory,
  ModelView,
  Part,
  Progress,
  ShareOf,
  Shortage,
  Take,
  WayView,
} from "./mesh_shapes.ts";

const STATE_ORDER: readonly ModelStatus["state"][] = [
  "warm",
  "loading",
  "turn",
  "waiting",
  "failed",
  "cold",
];
const ROLE_ORDER: readonly Machine["role"][] = ["client", "host", "worker", "standby"];

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Names by id. If two machines share one, the end of the id tells them apart. */
export function machineNames(status: Status): ReadonlyMap<string, string> {
  const machines = [status.node, ...status.peers].map(({ id, name }) => ({
    id,
    name: displayName(name) || shortId(id),
  }));
  const uses = new Map<string, number>();
  for (const { name } of machines) uses.set(name, (uses.get(name) ?? 0) + 1);
  return new Map(machines.map(({ id, name }) => [
    id,
    (uses.get(name) ?? 0) > 1 ? `${name} ${shortId(id)}` : name,
  ]));
}

/** The name of a machine, or the end of the id of one that is not known (any more). */
export function nameOf(names: ReadonlyMap<string, string>, id: string): string {
  return names.get(id) ?? shortId(id);
}

function sharesOf(instance: InstanceStatus, names: ReadonlyMap<string, string>): ShareOf[] {
  const members = [{ id: instance.host, share: instance.hostShare }, ...instance.workers];
  const percents = instance.mode === "solo"
    ? [100]
    : wholePercentages(members.map((member) => member.share));
  return members.slice(0, percents.length).map(({ id }, index) => ({
    id,
    name: nameOf(names, id),
    percent: percents[index] ?? 0,
    isHost: index === 0,
  }));
}

type Node = Status["node"] | Status["peers"][number];

/** Shares of all instances, by model and host: their percentages are made once for the whole list. */
type Shares = ReadonlyMap<string, readonly ShareOf[]>;

function allShares(status: Status, names: ReadonlyMap<string, string>): Shares {
  return new Map(
    status.models.flatMap(({ id, instances }) =>
      instances.map((instance) => [instanceKey(id, instance.host), sharesOf(instance, names)])
    ),
  );
}

function instanceKey(model: string, host: string): string {
  return `${host} ${model}`;
}

function partOf(serving: ServingStatus, node: Node, all: Shares, hostName: string): Part {
  const { model, host, role, mode, state, pinned, reservedBytes } = serving;
  const shares = all.get(instanceKey(model, host)) ?? [];
  return {
    model: displayName(model),
    as: role,
    mode,
    state,
    percent: shares.find(({ id }) => id === node.id)?.percent ?? (mode === "solo" ? 100 : 0),
    hostId: host,
    hostName,
    pinned,
    bytes: counted(node.devices).reduce((sum, { name }) => sum + takenOf(reservedBytes, name), 0),
  };
}

function takenOf(reservedBytes: ServingStatus["reservedBytes"], device: string): number {
  return Object.hasOwn(reservedBytes, device) ? reservedBytes[device] ?? 0 : 0;
}

const LIVELY: readonly Part["state"][] = ["loading", "warm", "turn", "waiting", "failed"];

function stateOf(parts: readonly Part[]): Part["state"] | null {
  return LIVELY.find((state) => parts.some((part) => part.state === state)) ?? null;
}

function memoryOf(devices: readonly Device[], vramBytes: number): Memory {
  const sum = (pick: (device: Device) => number) =>
    devices.reduce((total, device) => total + pick(device), 0);
  const offeredBytes = devices.length > 0 ? sum((device) => device.offeredBytes) : vramBytes;
  return {
    usedBytes: sum((device) => device.usedBytes),
    offeredBytes,
    totalBytes: Math.max(offeredBytes, sum((device) => device.totalBytes)),
  };
}

function deviceView(device: Device, serving: readonly ServingStatus[]): DeviceView {
  const { name, kind, offeredBytes } = device;
  const takes = serving.map(({ model, reservedBytes }, index): Take => ({
    index,
    model: displayName(model),
    bytes: takenOf(reservedBytes, name),
  }));
  return {
    name: displayName(name),
    kind,
    memory: memoryOf([device], offeredBytes),
    takes: takes.filter(({ bytes }) => bytes > 0),
  };
}

/** The devices that models are counted on: the GPUs of a machine, and main memory if it has none. */
function counted(devices: readonly Device[]): readonly Device[] {
  const gpus = devices.filter(({ kind }) => kind !== "cpu");
  return gpus.length === 0 ? devices : gpus;
}

/** Why weights for this machine are not spared, where they are not. */
function plainReason({ tunnels }: Status, id: string): string | null {
  const plain = tunnels.find(({ peer, rpc }) => peer === id && rpc)?.rpc?.plain ?? null;
  return plain === null ? null : displayText(plain);
}

const WAY_WORDS: Record<Reached["kind"], string> = {
  lan: "LAN",
  direct: "direct",
  mapped: "mapped",
  punched: "punched",
  relayed: "relayed",
};

/** A relay is no machine: its name is in its own list. A kind of a later version stands for itself. */
function wayView(reached: Reached | undefined, names: ReadonlyMap<string, string>): WayView | null {
  if (reached === undefined) return null;
  const { kind } = reached;
  const word = Object.hasOwn(WAY_WORDS, kind) ? WAY_WORDS[kind] : displayName(kind);
  if (kind !== "relayed") return { kind, word, text: word, advice: null };
  const text = `relayed by ${nameOf(names, reached.by)}`;
  return { kind, word, text, advice: displayText(reached.advice) };
}

/** This machine first, then hosts, workers and standbys by name. */
export function machines(status: Status): Machine[] {
  const names = machineNames(status);
  const shares = allShares(status, names);
  const relays = (status.relays ?? []).map(({ id, name }) =>
    [id, displayName(name ?? "") || shortId(id)] as const
  );
  const carriers = new Map([...relays, ...names]);
  const view = (
    node: Node,
    link: Pick<Machine, "isSelf" | "rttMs" | "way" | "bulk">,
  ): Machine => {
    const parts = node.serving.map((one) => partOf(one, node, shares, nameOf(names, one.host)));
    return {
      id: node.id,
      name: nameOf(names, node.id),
      ...link,
      role: node.role,
      passive: "passive" in node && node.passive,
      parts,
      state: stateOf(parts),
      system: node.system === null ? null : displayText(node.system),
      loadsOnRequest: node.loadsOnRequest !== false,
      memory: memoryOf(counted(node.devices), node.vramBytes),
      devices: node.devices.map((device) => deviceView(device, node.serving)),
      trafficBytes: status.tunnels.filter(({ peer }) => peer === node.id)
        .reduce((sum, { bytesSent, bytesReceived }) => sum + bytesSent + bytesReceived, 0),
      plain: plainReason(status, node.id),
      notes: "notes" in node ? (node.notes ?? []).map(displayText) : [],
    };
  };
  const peers = status.peers.map((peer) => {
    const { rttMs, reached, bulk } = peer;
    const way = wayView(reached, carriers);
    return view(peer, { isSelf: false, rttMs, way, bulk: bulk?.toUpperCase() ?? null });
  });
  peers.sort((a, b) =>
    ROLE_ORDER.indexOf(a.role) - ROLE_ORDER.indexOf(b.role) ||
    byText(a.name, b.name) || byText(a.id, b.id)
  );
  return [view(status.node, { isSelf: true, rttMs: null, way: null, bulk: null }), ...peers];
}

function shortageOf(model: ModelStatus): Shortage | null {
  if (model.state !== "waiting") return null;
  const instance = model.instances.find(({ needBytes }) => needBytes !== undefined);
  if (instance?.needBytes === undefined) return null;
  return { needBytes: instance.needBytes, haveBytes: instance.haveBytes ?? 0 };
}

/** The progress that was told of this machine's own instance may be newer than the status. */
function progressOf(
  { state, progress }: InstanceStatus,
  told: number | undefined,
): number | null {
  if (state !== "loading") return null;
  const known = [progress, told].filter((fraction) => fraction !== undefined);
  return known.length === 0 ? null : clampFraction(Math.max(...known));
}

function instanceView(
  instance: InstanceStatus,
  names: ReadonlyMap<string, string>,
  told: number | undefined,
): InstanceView {
  const { host, mode, state, why, reason, contextLength, slots = null, notes = [] } = instance;
  const { measuredTokensPerSecond: rate = null } = instance;
  return {
    host,
    mode,
    state,
    shares: sharesOf(instance, names),
    why: why === null ? null : displayText(why),
    reason: reason === undefined ? null : displayText(reason),
    progress: progressOf(instance, told),
    contextLength: contextLength || null,
    slots,
    rate,
    notes: notes.map(displayText),
  };
}

/** The best state first; by name within each. */
export function models(status: Status, progress: Progress): ModelView[] {
  const names = machineNames(status);
  return status.models.map((model): ModelView => {
    const told = Object.hasOwn(progress, model.id) ? progress[model.id] : undefined;
    const instances = model.instances.map((instance) =>
      instanceView(instance, names, instance.host === status.node.id ? told : undefined)
    );
    return {
      name: model.id,
      sizeBytes: model.sizeBytes,
      state: model.state,
      onDisk: model.onDisk,
      progress: furthest(model.state, instances),
      shortage: shortageOf(model),
      reason: model.reason === null ? null : displayText(model.reason),
      instances,
    };
  }).sort((a, b) =>
    STATE_ORDER.indexOf(a.state) - STATE_ORDER.indexOf(b.state) || byText(a.name, b.name)
  );
}

function furthest(state: ModelView["state"], instances: readonly InstanceView[]): number | null {
  const known = instances.flatMap(({ progress }) => progress ?? []);
  return state !== "loading" || known.length === 0 ? null : Math.max(...known);
}

/** Machines that lend memory: a passive one is not in the mesh's lists. */
export function nodeCount(status: Status): number {
  return status.peers.length + (status.node.passive ? 0 : 1);
}
