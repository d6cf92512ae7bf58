import { isAlias } from "../../base/model_aliases.ts";
import { isModelName } from "../../base/model_name.ts";
import { parseAddress } from "../base/addresses.ts";
import { asByteCount, MAX_CONTEXT, MAX_RTT_MS, MAX_TERM, within } from "../base/bounds.ts";
import { encodeCbor } from "../base/cbor.ts";
import {
  MAX_ADDRESS_LENGTH,
  MAX_ADDRESSES,
  MAX_ANNOUNCED_ALIASES,
  MAX_ANNOUNCED_DEMANDS,
  MAX_ANNOUNCED_DEVICES,
  MAX_ANNOUNCED_FAILURES,
  MAX_ANNOUNCED_MODELS,
  MAX_ANNOUNCED_PORTS,
  MAX_ANNOUNCED_RELAYS,
  MAX_ANNOUNCED_RTTS,
  MAX_ANNOUNCED_TURNS,
  MAX_ANNOUNCEMENT_BYTES,
  MAX_RELAY_ADDRESSES,
} from "../base/message_defaults.ts";
import { fitMachine, fitMemory } from "../base/machine.ts";
import { asDisplayName, asReason } from "../base/names.ts";
import { distinct } from "../base/several.ts";
import type { Announcement, HeldMemory, Instance } from "../base/announcement.ts";
import {
  announcementToWire,
  heldKey,
  instanceKey,
  modelKey,
  obedienceKey,
  withPorts,
} from "./announcement_wire.ts";

/**
 * Makes an announcement one that others accept, whatever its content. Names that people chose are shortened, and
 * numbers are kept within their bounds, for they include sums of other nodes' figures. The first entries of each list
 * are kept: its owner puts the most important ones first. If the whole is too many bytes, the ends of the lists below
 * are left out in that order. Pure.
 */
export function fitAnnouncement(announcement: Announcement): Announcement {
  let fitted = withinBounds(announcement);
  if (itemsOf(fitted) <= FEW_ITEMS) return fitted;
  for (const [list, least] of DROPPED_FIRST) {
    while (lengthOf(fitted, list) > least && bytesOf(fitted) > MAX_BODY_BYTES) {
      fitted = cut(fitted, list, Math.max(least, Math.floor(lengthOf(fitted, list) * 0.75)));
    }
  }
  return fitted;
}

/** The envelope's certificates and signature need the rest: 16 of 600 bytes at most. */
const MAX_BODY_BYTES = MAX_ANNOUNCEMENT_BYTES - 10_240;

/** Items of 300 bytes at most: so few never come near the limit, and are not encoded for their size. */
const FEW_ITEMS = 120;

/**
 * Nobody needs more than a hundred models. Wanted and refused models can be announced again; a file that is not
 * announced is only not found by others. The first model that this node serves or works for is never left out.
 */
const DROPPED_FIRST = [
  ["models", 100],
  ["refuses", 50],
  ["dropped", 50],
  ["wanted", 50],
  ["models", 0],
  ["refuses", 0],
  ["dropped", 0],
  ["aliases", 0],
  ["reservations", 0],
  ["devices", 8],
  ["wanted", 0],
  ["instances", 1],
  ["claims", 1],
  ["targets", 1],
  ["obeys", 1],
] as const;

type List = (typeof DROPPED_FIRST)[number][0];

function lengthOf(announcement: Announcement, list: List): number {
  return list === "devices" ? announcement.machine.devices.length : announcement[list].length;
}

function cut(announcement: Announcement, list: List, length: number): Announcement {
  if (list !== "devices") {
    return withinWanted({ ...announcement, [list]: announcement[list].slice(0, length) });
  }
  const devices = announcement.machine.devices.slice(0, length);
  const machine = { ...announcement.machine, devices };
  // Another device may be the last now, and the last is what main memory is read from.
  return { ...announcement, machine, memoryBytes: fitMemory(announcement.memoryBytes, machine) };
}

function bytesOf(announcement: Announcement): number {
  return encodeCbor(announcementToWire(announcement)).byteLength;
}

/** A name that is not said to be wanted is not said to be asked for. */
function withinWanted({ asked: told = [], ...announcement }: Announcement): Announcement {
  if (told.length === 0) return announcement;
  const wanted = new Set(announcement.wanted);
  const asked = [...new Set(told)].filter((name) => wanted.has(name));
  return asked.length === 0 ? announcement : { ...announcement, asked };
}

function withinBounds(announcement: Announcement): Announcement {
  const { machine, models, aliases, wanted, refuses, dropped, failures } = announcement;
  const { addresses, demand, targets, claims, instances, obeys, reservations } = announcement;
  return withinWanted({
    ...announcement,
    machine: fitMachine(machine),
    targets: distinct(targets, modelKey),
    claims: distinct(claims.filter(({ model }) => isModelName(model)), ({ model }) => model),
    addresses: addresses.filter(isAddress).slice(0, MAX_ADDRESSES),
    rttsMs: bounded(announcement.rttsMs, MAX_ANNOUNCED_RTTS, (ms) => within(ms, MAX_RTT_MS)),
    memoryBytes: fitMemory(announcement.memoryBytes, fitMachine(machine)),
    downloadBytes: asByteCount(announcement.downloadBytes),
    models: models.filter((model) => isModelName(model.name)).slice(0, MAX_ANNOUNCED_MODELS)
      .map((model) => ({
        ...model,
        sizeBytes: asByteCount(model.sizeBytes),
        needBytes: asByteCount(model.needBytes),
      })),
    aliases: aliases.filter(({ alias, model }) => isAlias(alias) && isModelName(model.name))
      .slice(0, MAX_ANNOUNCED_ALIASES),
    wanted: wanted.filter(isModelName).slice(0, MAX_ANNOUNCED_MODELS),
    ...fitTurns(announcement),
    ...fitRelays(announcement),
    refuses: refuses.filter(isModelName).slice(0, MAX_ANNOUNCED_MODELS),
    dropped: dropped.filter(isModelName).slice(0, MAX_ANNOUNCED_MODELS),
    failures: failures.filter(({ model }) => isModelName(model)).slice(0, MAX_ANNOUNCED_FAILURES)
      .map(({ model, reason }) => ({ model, reason: asReason(reason) })),
    demand: bounded(mostFirst(demand), MAX_ANNOUNCED_DEMANDS, (requests) => requests),
    instances: distinct(instances, instanceKey).map(boundedInstance),
    obeys: distinct(obeys, obedienceKey),
    reservations: distinct(reservations, heldKey).map(boundedHeld),
  });
}

/** Few models wait for one node's memory at a time. */
function fitTurns({ turns = [] }: Pick<Announcement, "turns">): Pick<Announcement, "turns"> {
  const fitting = turns.filter(isModelName).slice(0, MAX_ANNOUNCED_TURNS);
  return fitting.length === 0 ? {} : { turns: fitting };
}

function fitRelays({ relays = [] }: Pick<Announcement, "relays">): Pick<Announcement, "relays"> {
  const fitting = relays.slice(0, MAX_ANNOUNCED_RELAYS).map(({ peer, addresses }) => ({
    peer,
    addresses: addresses.filter(isAddress).slice(0, MAX_RELAY_ADDRESSES),
  }));
  return fitting.length === 0 ? {} : { relays: fitting };
}

function boundedInstance({ tunnelPorts = {}, ...instance }: Instance): Instance {
  return withPorts({
    ...instance,
    sizeBytes: asByteCount(instance.sizeBytes),
    needBytes: asByteCount(instance.needBytes),
    haveBytes: asByteCount(instance.haveBytes),
    contextLength: Math.trunc(within(instance.contextLength, MAX_CONTEXT)),
    term: Math.trunc(within(instance.term, MAX_TERM)),
    hostShare: within(instance.hostShare, 1),
    workers: instance.workers.map(({ peer, share }) => ({ peer, share: within(share, 1) })),
  }, bounded(tunnelPorts, MAX_ANNOUNCED_PORTS, (port) => port));
}

function boundedHeld({ model, devices }: HeldMemory): HeldMemory {
  return {
    model,
    devices: devices.slice(0, MAX_ANNOUNCED_DEVICES).map(({ name, bytes, spareBytes }) => ({
      name: asDisplayName(name),
      bytes: asByteCount(bytes),
      ...(spareBytes === undefined ? {} : { spareBytes: asByteCount(spareBytes) }),
    })),
  };
}

function itemsOf(announcement: Announcement): number {
  const { models, wanted, refuses, dropped, failures, machine } = announcement;
  const { targets, claims, instances, obeys, reservations, aliases } = announcement;
  const ofSplits = instances.reduce((sum, { workers, tunnelPorts = {} }) => {
    return sum + workers.length + Object.keys(tunnelPorts).length;
  }, 0);
  const held = reservations.reduce((sum, { devices }) => sum + 1 + devices.length, 0);
  return models.length + 2 * wanted.length + refuses.length + dropped.length + 2 * failures.length +
    machine.devices.length + targets.length + claims.length + 2 * instances.length + ofSplits +
    2 * obeys.length + 2 * aliases.length + held;
}

function mostFirst(demand: Announcement["demand"]): Announcement["demand"] {
  const isTold = ([name, requests]: [string, number]) =>
    isModelName(name) && requests > 0 && Number.isFinite(requests);
  return Object.fromEntries(Object.entries(demand).filter(isTold).sort(([, a], [, b]) => b - a));
}

function bounded(
  record: Readonly<Record<string, number>>,
  most: number,
  fit: (value: number) => number,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(record).slice(0, most).map(([key, value]) => [key, fit(value)]),
  );
}

function isAddress(text: string): boolean {
  return text.length <= MAX_ADDRESS_LENGTH && parseAddress(text) !== undefined;
}
