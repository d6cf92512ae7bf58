/** The memory that models hold of one member, by what its host and it have announced. Pure. */

import type { Instance, ModelRef } from "../../mesh/mod.ts";
import { added, type DeviceBytes, named, neededBytes, pack, without } from "./packing.ts";
import { isMainMemory, type Offer, spread } from "./pools.ts";
import { beforeIn, type Right, rightOf } from "./rights.ts";
import { belongsTo, fileOf, isAbout, type Member, sameModel } from "./view.ts";

/** With what decides between two. */
interface Entry extends Right {
  /** By the announcement of its host: a solo instance, or a share. */
  readonly planned: { readonly bytes: number; readonly isShare: boolean } | null;
  /** Its member has said what it holds, and it is that of this instance. */
  readonly told: DeviceBytes | null;
}

export interface Held extends Right {
  readonly devices: DeviceBytes;
  /** As its plan has it, whatever was taken. */
  readonly plannedBytes: number;
  /** Its member has said so. */
  readonly isTold: boolean;
  readonly gpuBytes: number;
  readonly mainBytes: number;
}

/** A share of a member in the split of another. */
export interface Share {
  readonly host: Member;
  readonly instance: Instance;
  readonly bytes: number;
}

interface Known {
  readonly shares: readonly Share[];
  readonly held: readonly Held[];
}

/** Most members are as they were at the last plan. */
const known = new WeakMap<Member, Known>();

/** The highest right first, each where those before it have left room. */
export function heldOf(member: Member, shares: readonly Share[]): readonly Held[] {
  const before = known.get(member);
  if (before !== undefined && areSame(before.shares, shares)) return before.held;
  const held = inTurn(member, entriesOf(member, shares));
  known.set(member, { shares, held });
  return held;
}

/** The models that a member is about to load alone, for it has claimed them or was told: those that fit beside what it holds. */
export function promisedBy(member: Member, held: readonly Held[]): readonly Held[] {
  const promised = member.targets.filter((model) =>
    !held.some((one) => sameModel(one.model, model)) && fileOf(member, model) !== undefined
  );
  if (promised.length === 0) return [];
  let left: readonly Offer[] = without(
    devicesOf(member),
    added(...held.map(({ devices }) => devices)),
  );
  const gpus = gpusOf(left);
  return promised.flatMap((model): Held[] => {
    const bytes = fileOf(member, model)?.needBytes ?? Infinity;
    if (left.reduce((sum, { offeredBytes }) => sum + offeredBytes, 0) < bytes) return [];
    const devices = named(pack(bytes, left), left);
    const [gpuBytes, mainBytes] = sumsOf(devices, gpus);
    left = without(left, devices);
    const right = rightOf(member, { model, host: member.peer, state: "planned" });
    return [{ ...right, devices, plannedBytes: bytes, isTold: false, gpuBytes, mainBytes }];
  });
}

function gpusOf(devices: readonly Offer[]): Set<string> {
  return new Set(devices.filter((one) => !isMainMemory(one)).map(({ name }) => name));
}

function areSame(a: readonly Share[], b: readonly Share[]): boolean {
  return a.length === b.length &&
    a.every(({ host, instance }, index) =>
      instance === b[index]?.instance && host.peer === b[index]?.host.peer
    );
}

function inTurn(member: Member, entries: readonly Entry[]): Held[] {
  const held: Held[] = [];
  let left: readonly Offer[] = devicesOf(member);
  const gpus = gpusOf(left);
  for (const entry of entries) {
    const devices = entry.told ?? placed(entry, left);
    const [gpuBytes, mainBytes] = sumsOf(devices, gpus);
    const plannedBytes = entry.planned?.bytes ?? totalOf(entry);
    const isTold = entry.told !== null;
    held.push({ ...entry, devices, plannedBytes, isTold, gpuBytes, mainBytes });
    if (gpus.size > 0) left = without(left, devices);
  }
  return held;
}

function sumsOf(devices: DeviceBytes, gpus: ReadonlySet<string>): [gpu: number, main: number] {
  let [gpuBytes, mainBytes] = [0, 0];
  for (const [name, bytes] of devices) {
    if (gpus.has(name)) gpuBytes += bytes;
    else mainBytes += bytes;
  }
  return [gpuBytes, mainBytes];
}

function entriesOf(member: Member, shares: readonly Share[]): Entry[] {
  const own = member.instances.filter(running).map((instance): Entry => ({
    ...rightOf(member, { model: instance.model, host: member.peer, state: instance.state }),
    planned: {
      bytes: instance.needBytes * (instance.mode === "solo" ? 1 : instance.hostShare),
      isShare: instance.mode === "split",
    },
    told: toldOf(member, instance.model),
  }));
  const lent = shares
    .filter(({ host, instance }) => isLent(member, host, instance))
    .map(({ host, instance, bytes }): Entry => ({
      ...rightOf(member, { model: instance.model, host: host.peer, state: instance.state }),
      planned: { bytes, isShare: true },
      told: obeyed(member, host, instance) ? toldOf(member, instance.model) : null,
    }));
  const known = [...own, ...lent];
  const ending = member.reservations
    .filter(({ model }) => !known.some((entry) => entry.told && sameModel(entry.model, model)))
    .map(({ model }): Entry => ({
      ...rightOf(member, { model, host: member.peer, state: "warm" }),
      planned: null,
      told: toldOf(member, model),
    }));
  return onceEach([...known, ...ending].sort((a, b) => beforeIn(a, b) ? -1 : 1));
}

/** Nothing is held for one that waits. */
export function running({ state }: Instance): boolean {
  return state !== "waiting";
}

/** A member lends nothing to a model whose group it is not in, whatever somebody says. */
function isLent(member: Member, host: Member, { model }: Instance): boolean {
  return host.peer !== member.peer &&
    (belongsTo(member, model) || isSettled(member, model) ||
      member.obeys.some((one) => one.host === host.peer && isAbout(one, model)));
}

export function isSettled({ settled = [] }: Member, model: ModelRef): boolean {
  return settled.some((one) => sameModel(one, model));
}

/** Until it obeys a term, what a worker holds is that of an earlier one. */
function obeyed({ obeys }: Member, { peer }: Member, { term, model }: Instance): boolean {
  return obeys.some((one) => one.host === peer && one.term === term && isAbout(one, model));
}

function toldOf({ reservations }: Member, model: ModelRef): DeviceBytes | null {
  const told = reservations.find((one) => sameModel(one.model, model));
  return told ? neededBytes(told) : null;
}

/**
 * No member does two things for one model at once: of two hosts that ask it the first counts, and of what it still holds
 * and what it is to hold the larger.
 */
function onceEach(entries: readonly Entry[]): Entry[] {
  const kept: Entry[] = [];
  for (const entry of entries) {
    const at = kept.findIndex(({ model }) => sameModel(model, entry.model));
    const before = kept[at];
    if (before === undefined) kept.push(entry);
    else if (before.planned === null || entry.planned === null) {
      const { planned, told } = totalOf(entry) > totalOf(before) ? entry : before;
      kept[at] = { ...before, planned, told };
    }
  }
  return kept;
}

function totalOf({ told, planned }: Entry): number {
  if (told === null) return planned?.bytes ?? 0;
  return [...told.values()].reduce((sum, bytes) => sum + bytes, 0);
}

/** Never less than is planned: what finds no room is in main memory, or on the last device. */
function placed({ planned }: Entry, left: readonly Offer[]): DeviceBytes {
  if (planned === null) return new Map();
  const { bytes, isShare } = planned;
  const [only] = left;
  if (only !== undefined && left.length === 1) return new Map([[only.name, Math.ceil(bytes)]]);
  const parts = isShare ? spread(bytes, left) : pack(bytes, left);
  const missing = bytes - parts.reduce((sum, part) => sum + part, 0);
  const last = left.findIndex(isMainMemory) === -1 ? left.length - 1 : left.findIndex(isMainMemory);
  return named(parts.map((part, index) => index === last ? part + missing : part), left);
}

/** A member that names no devices has main memory. */
export function devicesOf({ machine: { devices }, memoryBytes }: Member): readonly Offer[] {
  if (devices.length > 0) return devices;
  return [{ name: "CPU", kind: "cpu", offeredBytes: memoryBytes }];
}
