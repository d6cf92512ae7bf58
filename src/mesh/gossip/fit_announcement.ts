import { isModelName } from "../../base/model_name.ts";
import { MAX_BYTES, MAX_CONTEXT, MAX_RTT_MS, MAX_TERM } from "./announcement.ts";
import { parseAddress } from "../base/addresses.ts";
import { encodeCbor } from "../base/cbor.ts";
import {
  MAX_ADDRESS_LENGTH,
  MAX_ADDRESSES,
  MAX_ANNOUNCED_DEMANDS,
  MAX_ANNOUNCED_DEVICES,
  MAX_ANNOUNCED_FAILURES,
  MAX_ANNOUNCED_MODELS,
  MAX_ANNOUNCED_PORTS,
  MAX_ANNOUNCED_RTTS,
  MAX_ANNOUNCEMENT_BYTES,
} from "../base/defaults.ts";
import { asDisplayName, asReason, asVersionText } from "../base/names.ts";
import type { Announcement, Instance } from "../base/types.ts";

/**
 * Makes an announcement one that others accept, whatever this node was told to say. Names that people chose are
 * shortened, and numbers are kept within their bounds, for sums of what others say go into them. Of each list the
 * first are kept: its owner puts first what matters most. Where the whole is too many bytes, the ends of the lists
 * below are left out in that order. Pure.
 */
export function fitAnnouncement(announcement: Announcement): Announcement {
  let fitted = withinBounds(announcement);
  if (itemsOf(fitted) <= FEW_ITEMS) return fitted;
  for (const [list, least] of DROPPED_FIRST) {
    while (fitted[list].length > least && encodeCbor(fitted).byteLength > MAX_BODY_BYTES) {
      const length = Math.max(least, Math.floor(fitted[list].length * 0.75));
      fitted = { ...fitted, [list]: fitted[list].slice(0, length) };
    }
  }
  return fitted;
}

/** The envelope's certificates and signature need the rest: 16 of 600 bytes at most. */
const MAX_BODY_BYTES = MAX_ANNOUNCEMENT_BYTES - 10_240;

/** Items of 300 bytes at most: so few never come near the limit, and are not encoded for their size. */
const FEW_ITEMS = 120;

/**
 * Models beyond a hundred are told by nobody's need. What is wanted and refused can be told again; a file that is not
 * announced is only not found by others. What this node serves and works for is never left out.
 */
const DROPPED_FIRST = [
  ["models", 100],
  ["refuses", 50],
  ["dropped", 50],
  ["wanted", 50],
  ["models", 0],
  ["refuses", 0],
  ["dropped", 0],
  ["devices", 8],
  ["wanted", 0],
] as const;

function withinBounds(announcement: Announcement): Announcement {
  const { name, devices, models, wanted, refuses, dropped, failures } = announcement;
  const { addresses, demand, instance, claim, engine } = announcement;
  return {
    ...announcement,
    name: asDisplayName(name),
    version: asVersionText(announcement.version),
    engine: engine && {
      build: asVersionText(engine.build),
      rpcProtocol: asVersionText(engine.rpcProtocol),
    },
    claim: claim !== null && isModelName(claim.model) ? claim : null,
    addresses: addresses.filter(isAddress).slice(0, MAX_ADDRESSES),
    rttsMs: bounded(announcement.rttsMs, MAX_ANNOUNCED_RTTS, (ms) => within(ms, MAX_RTT_MS)),
    memoryBytes: asBytes(announcement.memoryBytes),
    downloadBytes: asBytes(announcement.downloadBytes),
    devices: devices.slice(0, MAX_ANNOUNCED_DEVICES).map((device) => ({
      name: asDisplayName(device.name),
      totalBytes: asBytes(device.totalBytes),
      offeredBytes: asBytes(device.offeredBytes),
      usedBytes: asBytes(device.usedBytes),
    })),
    models: models.filter((model) => isModelName(model.name)).slice(0, MAX_ANNOUNCED_MODELS)
      .map((model) => ({
        ...model,
        sizeBytes: asBytes(model.sizeBytes),
        needBytes: asBytes(model.needBytes),
      })),
    wanted: wanted.filter(isModelName).slice(0, MAX_ANNOUNCED_MODELS),
    refuses: refuses.filter(isModelName).slice(0, MAX_ANNOUNCED_MODELS),
    dropped: dropped.filter(isModelName).slice(0, MAX_ANNOUNCED_MODELS),
    failures: failures.filter(({ model }) => isModelName(model)).slice(0, MAX_ANNOUNCED_FAILURES)
      .map(({ model, reason }) => ({ model, reason: asReason(reason) })),
    demand: bounded(mostFirst(demand), MAX_ANNOUNCED_DEMANDS, (requests) => requests),
    tunnelPorts: bounded(announcement.tunnelPorts, MAX_ANNOUNCED_PORTS, (port) => port),
    instance: instance === null ? null : boundedInstance(instance),
  };
}

function boundedInstance(instance: Instance): Instance {
  return {
    ...instance,
    sizeBytes: asBytes(instance.sizeBytes),
    needBytes: asBytes(instance.needBytes),
    haveBytes: asBytes(instance.haveBytes),
    contextLength: Math.trunc(within(instance.contextLength, MAX_CONTEXT)),
    term: Math.trunc(within(instance.term, MAX_TERM)),
    hostShare: within(instance.hostShare, 1),
    workers: instance.workers.map(({ peer, share }) => ({ peer, share: within(share, 1) })),
  };
}

function itemsOf(
  { models, wanted, refuses, dropped, failures, devices, tunnelPorts, instance }: Announcement,
): number {
  const workers = instance?.workers.length ?? 0;
  return models.length + wanted.length + refuses.length + dropped.length + 2 * failures.length +
    devices.length + workers +
    Object.keys(tunnelPorts).length;
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

function asBytes(value: number): number {
  return Math.trunc(within(value, MAX_BYTES));
}

/** What is no number is nothing. */
function within(value: number, most: number): number {
  return Number.isNaN(value) ? 0 : Math.min(Math.max(value, 0), most);
}
