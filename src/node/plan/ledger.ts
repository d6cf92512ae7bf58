/**
 * The ledger of a mesh's memory: what the models that run, or are about to, hold of each member, and what is left for one
 * more. Every node keeps it alone, from the announcements. Pure.
 */

import type { Instance, ModelRef, PeerId } from "../../mesh/mod.ts";
import type { MemoryPools, MemoryUse } from "../../models/mod.ts";
import { added, type DeviceBytes, named, pack, without } from "./packing.ts";
import { bytesIn, isMainMemory, memberPools, type Offer, spread } from "./pools.ts";
import { beforeIn, type Right, rightOf } from "./rights.ts";
import { belongsTo, isAbout, type Member, sameModel } from "./view.ts";

/** The memory of one member that one model holds. */
export interface Reservation {
  readonly model: ModelRef;
  readonly gpuBytes: number;
  readonly mainBytes: number;
}

/** The same device by device, with what decides between two. */
interface Entry extends Right {
  /** By the announcement of its host: a solo instance, or a share. */
  readonly planned: { readonly bytes: number; readonly isShare: boolean } | null;
  /** Its member has said what it holds, and it is that of this instance. */
  readonly told: DeviceBytes | null;
}

interface Held extends Entry {
  readonly devices: DeviceBytes;
}

/** Made of the same list it is the same ledger: a plan asks it many times. */
const known = new WeakMap<readonly Member[], Ledger>();

export function ledgerOf(members: readonly Member[]): Ledger {
  const before = known.get(members);
  if (before !== undefined) return before;
  const ledger = new Ledger(members);
  known.set(members, ledger);
  return ledger;
}

/** All that is held of a member: by its own instances, and by the splits that it works for. */
export function reservationsOf(member: Member, members: readonly Member[]): Reservation[] {
  return ledgerOf(members).reservationsOf(member);
}

/** The memory of a member that a model may count on: what it offers, less what others of a higher right hold. */
export function freePools(
  member: Member,
  members: readonly Member[],
  except: ModelRef,
): MemoryPools {
  return ledgerOf(members).freePools(member, except);
}

/** The same device by device. */
export function freeDevices(
  member: Member,
  members: readonly Member[],
  except: ModelRef,
): Offer[] {
  return ledgerOf(members).freeDevices(member, except);
}

/** The memory that a model may count on, of each member. */
export interface FreeMemory {
  readonly pools: (member: Member) => MemoryPools;
  readonly bytes: (member: Member, memory: MemoryUse) => number;
  /**
   * Whether the member has room for a share. One that holds nothing else takes whatever it is given: a user may give it more
   * than it offers.
   */
  readonly takes: (member: Member, shareBytes: number) => boolean;
}

export function freeFor(model: ModelRef, members: readonly Member[]): FreeMemory {
  const ledger = ledgerOf(members);
  const pools = (member: Member) => ledger.freePools(member, model);
  return {
    pools,
    bytes: (member, memory) => bytesIn(pools(member), memory),
    takes: (member, shareBytes) => {
      const { memoryBytes } = pools(member);
      return Math.floor(shareBytes) <= memoryBytes ||
        memoryBytes === memberPools(member).memoryBytes;
    },
  };
}

interface Share {
  readonly host: Member;
  readonly instance: Instance;
  readonly bytes: number;
}

export class Ledger {
  readonly #members = new Map<PeerId, Member>();
  readonly #shares = new Map<PeerId, Share[]>();
  readonly #held = new WeakMap<Member, readonly Held[]>();

  constructor(members: readonly Member[]) {
    for (const host of members) {
      this.#members.set(host.peer, host);
      for (const instance of host.instances) {
        for (const { peer, share } of running(instance) ? instance.workers : []) {
          const list = this.#shares.get(peer) ?? [];
          list.push({ host, instance, bytes: instance.needBytes * share });
          this.#shares.set(peer, list);
        }
      }
    }
  }

  reservationsOf(member: Member): Reservation[] {
    return this.#heldOf(member).map(({ model, devices }) => ({
      model,
      ...poolsUsed(member, devices),
    }));
  }

  freePools(member: Member, except: ModelRef): MemoryPools {
    const offered = memberPools(member);
    const counted = this.#counted(member, except);
    if (counted.length === 0) return offered;
    const used = poolsUsed(member, added(...counted.map(({ devices }) => devices)));
    const memoryBytes = Math.max(0, offered.memoryBytes - used.gpuBytes - used.mainBytes);
    const gpuBytes = Math.min(memoryBytes, Math.max(0, offered.gpuBytes - used.gpuBytes));
    const mainBytes = Math.max(0, offered.memoryBytes - offered.gpuBytes - used.mainBytes);
    return { gpuBytes, memoryBytes: Math.min(memoryBytes, gpuBytes + mainBytes) };
  }

  freeDevices(member: Member, except: ModelRef): Offer[] {
    const counted = this.#counted(member, except).map(({ devices }) => devices);
    return without(devicesOf(member), added(...counted));
  }

  /** The entries that come before a model: in the order of whoever plans what it does itself, else by right. */
  #counted(member: Member, except: ModelRef): readonly Held[] {
    const held = this.#heldOf(member);
    if (held.length === 0) return held;
    const others = held.filter(({ model }) => !sameModel(model, except));
    const own = held.find(({ model }) => sameModel(model, except)) ??
      rightOf(member, { model: except, host: member.peer, state: "planned" });
    return others.filter((other) => {
      const host = this.#members.get(other.host);
      const planner = [member, host].find((one) => one?.settled !== undefined);
      return planner === undefined ? beforeIn(other, own) : isSettled(planner, other.model);
    });
  }

  /** The highest right first, each where those before it have left room. */
  #heldOf(member: Member): readonly Held[] {
    const before = this.#held.get(member);
    if (before !== undefined) return before;
    const held: Held[] = [];
    let left: readonly Offer[] = devicesOf(member);
    for (const entry of this.#entriesOf(member)) {
      const devices = entry.told ?? placed(entry, left);
      held.push({ ...entry, devices });
      left = without(left, devices);
    }
    this.#held.set(member, held);
    return held;
  }

  #entriesOf(member: Member): Entry[] {
    const own = member.instances.filter(running).map((instance): Entry => ({
      ...rightOf(member, { model: instance.model, host: member.peer, state: instance.state }),
      planned: {
        bytes: instance.needBytes * (instance.mode === "solo" ? 1 : instance.hostShare),
        isShare: instance.mode === "split",
      },
      told: toldOf(member, instance.model),
    }));
    const lent = (this.#shares.get(member.peer) ?? [])
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
}

/** Nothing is held for one that waits. */
function running({ state }: Instance): boolean {
  return state !== "waiting";
}

/** A member lends nothing to a model whose group it is not in, whatever somebody says. */
function isLent(member: Member, host: Member, { model }: Instance): boolean {
  return host.peer !== member.peer &&
    (belongsTo(member, model) || isSettled(member, model) ||
      member.obeys.some((one) => one.host === host.peer && isAbout(one, model)));
}

function isSettled({ settled = [] }: Member, model: ModelRef): boolean {
  return settled.some((one) => sameModel(one, model));
}

/** Until it obeys a term, what a worker holds is that of an earlier one. */
function obeyed({ obeys }: Member, { peer }: Member, { term, model }: Instance): boolean {
  return obeys.some((one) => one.host === peer && one.term === term && isAbout(one, model));
}

function toldOf({ reservations }: Member, model: ModelRef): DeviceBytes | null {
  const told = reservations.find((one) => sameModel(one.model, model));
  return told ? new Map(told.devices.map(({ name, bytes }) => [name, bytes])) : null;
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
  const parts = isShare ? spread(bytes, left) : pack(bytes, left);
  const missing = bytes - parts.reduce((sum, part) => sum + part, 0);
  const last = left.findIndex(isMainMemory) === -1 ? left.length - 1 : left.findIndex(isMainMemory);
  return named(parts.map((part, index) => index === last ? part + missing : part), left);
}

/** A member that names no devices has main memory. */
function devicesOf({ machine: { devices }, memoryBytes }: Member): readonly Offer[] {
  if (devices.length > 0) return devices;
  return [{ name: "CPU", kind: "cpu", offeredBytes: memoryBytes }];
}

function poolsUsed(member: Member, used: DeviceBytes): Omit<Reservation, "model"> {
  const gpus = new Set(
    devicesOf(member).filter((device) => !isMainMemory(device)).map(({ name }) => name),
  );
  let [gpuBytes, mainBytes] = [0, 0];
  for (const [name, bytes] of used) {
    if (gpus.has(name)) gpuBytes += bytes;
    else mainBytes += bytes;
  }
  return { gpuBytes, mainBytes };
}
