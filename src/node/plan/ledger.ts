/**
 * The ledger of a mesh's memory: what the models that run, or are about to, hold of each member, and what is left for one
 * more. Every node keeps it alone, from the announcements. Pure.
 */

import type { ModelRef, PeerId } from "../../mesh/mod.ts";
import type { MemoryPools, MemoryUse } from "../../models/mod.ts";
import {
  devicesOf,
  type Held,
  heldOf,
  isSettled,
  promisedBy,
  running,
  type Share,
} from "./held.ts";
import { added, without } from "./packing.ts";
import { bytesIn, memberPools, type Offer } from "./pools.ts";
import { beforeIn, rightOf } from "./rights.ts";
import { type Member, sameModel } from "./view.ts";

/** The memory of one member that one model holds. */
export interface Reservation {
  readonly model: ModelRef;
  readonly gpuBytes: number;
  readonly mainBytes: number;
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
export function reservationsOf(
  member: Member,
  members: readonly Member[],
): readonly Reservation[] {
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

export class Ledger {
  /** The one that plans now, where the ledger is its own. */
  readonly #planner: Member | undefined;
  readonly #byPeer: ReadonlyMap<PeerId, Member>;
  readonly #shares = new Map<PeerId, Share[]>();

  constructor(members: readonly Member[]) {
    this.#planner = members.find(({ settled }) => settled !== undefined);
    this.#byPeer = new Map(members.map((member) => [member.peer, member]));
    for (const host of members) {
      for (const instance of host.instances) {
        for (const { peer, share } of running(instance) ? instance.workers : []) {
          const list = this.#shares.get(peer) ?? [];
          list.push({ host, instance, bytes: instance.needBytes * share });
          this.#shares.set(peer, list);
        }
      }
    }
  }

  reservationsOf(member: Member): readonly Reservation[] {
    return this.#heldOf(member);
  }

  freePools(member: Member, except: ModelRef): MemoryPools {
    const offered = memberPools(member);
    const { before, kept } = this.#counted(member, except);
    let [heldGpu, heldMain] = [0, 0];
    for (const { gpuBytes, mainBytes } of before) {
      heldGpu += gpuBytes;
      heldMain += mainBytes;
    }
    if (heldGpu === 0 && heldMain === 0) return offered;
    const memoryBytes = Math.max(0, offered.memoryBytes - heldGpu - heldMain);
    const gpuBytes = Math.min(memoryBytes, Math.max(0, offered.gpuBytes - heldGpu));
    const mainBytes = Math.max(0, offered.memoryBytes - offered.gpuBytes - heldMain);
    const free = { gpuBytes, memoryBytes: Math.min(memoryBytes, gpuBytes + mainBytes) };
    if (kept === null) return free;
    const part = plannedPart(kept);
    const keptGpu = kept.gpuBytes * part;
    const keptBytes = keptGpu + kept.mainBytes * part;
    return {
      gpuBytes: Math.min(offered.gpuBytes, Math.max(free.gpuBytes, keptGpu)),
      memoryBytes: Math.min(offered.memoryBytes, Math.max(free.memoryBytes, keptBytes)),
    };
  }

  freeDevices(member: Member, except: ModelRef): Offer[] {
    const { before, kept } = this.#counted(member, except);
    const offered = devicesOf(member);
    const free = without(offered, added(...before.map(({ devices }) => devices)));
    if (kept === null) return free;
    const part = plannedPart(kept);
    return free.map((device, index) => {
      const keptBytes = (kept.devices.get(device.name) ?? 0) * part;
      const most = offered[index]!.offeredBytes;
      return { ...device, offeredBytes: Math.max(device.offeredBytes, Math.min(most, keptBytes)) };
    });
  }

  /** The entries that come before a model: in the order of whoever plans what it does itself, else by right. */
  #counted(member: Member, except: ModelRef): Counted {
    const held = this.#heldOf(member);
    const all = [...held, ...promisedBy(member, held)];
    const others = all.filter(({ model }) => !sameModel(model, except));
    if (others.length === 0) return { before: others, kept: null };
    const running = held.find(({ model }) => sameModel(model, except));
    const own = running ??
      rightOf(member, { model: except, host: member.peer, state: "planned" });
    // While there is room for all, nothing that runs grows where that would end another.
    const isRoomForAll = running !== undefined && fitAll(member, held);
    const planner = this.#planner;
    const isPlanners = (peer: PeerId) => planner?.peer === member.peer || planner?.peer === peer;
    const before = others.filter((other) =>
      planner !== undefined && isPlanners(other.host)
        ? isSettled(planner, other.model)
        : isRoomForAll || beforeIn(other, own)
    );
    return { before, kept: isRoomForAll && running.isTold ? running : null };
  }

  /** Without the shares of splits that are over: their workers hear of it, and give that memory back. */
  #heldOf(member: Member): readonly Held[] {
    const held = heldOf(member, this.#shares.get(member.peer) ?? NONE);
    const over = member.obeys.flatMap(({ host, model }) =>
      model !== undefined && this.#hasEnded(host, model) ? [model] : []
    );
    if (over.length === 0) return held;
    const isOver = (model: ModelRef) =>
      over.some((one) => sameModel(one, model)) && !hosts(member, model);
    return held.filter(({ host, model }) => host !== member.peer || !isOver(model));
  }

  /** It lives, and hosts the model no longer. */
  #hasEnded(host: PeerId, model: ModelRef): boolean {
    const member = this.#byPeer.get(host);
    return member !== undefined && !hosts(member, model);
  }
}

function hosts({ instances }: Member, model: ModelRef): boolean {
  return instances.some((one) => running(one) && sameModel(one.model, model));
}

interface Counted {
  readonly before: readonly Held[];
  /** The model itself keeps what was planned for it, although others have taken more than was planned for them. */
  readonly kept: Held | null;
}

/** Its planned bytes are in the places that it has taken, this part of what is there. */
function plannedPart({ plannedBytes, gpuBytes, mainBytes }: Held): number {
  return plannedBytes / Math.max(1, gpuBytes + mainBytes);
}

const NONE: readonly Share[] = [];

/**
 * Each was let in with what was planned for it, beside what those before it had taken: so the lesser of both counts, and what
 * one takes beyond its plan ends no other. Bytes are rounded up for each.
 */
function fitAll({ memoryBytes }: Member, held: readonly Held[]): boolean {
  const bytes = held.reduce(
    (sum, { plannedBytes, gpuBytes, mainBytes }) =>
      sum + Math.min(plannedBytes, gpuBytes + mainBytes),
    0,
  );
  return bytes <= memoryBytes + held.length;
}
