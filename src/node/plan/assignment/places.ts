/** The members as places for models, while an assignment fills them. */

import type { ClaimReason, ModelRef, PeerId } from "../../../mesh/mod.ts";
import type { MemoryPools } from "../../../models/mod.ts";
import type { Member } from "../view.ts";
import { lessBytes, type MemberMemory } from "./memory.ts";
import { askedOf, runningNames, servesSeveral } from "./running.ts";
import { isIdle, type Part, partIn, roleIn, type Stock } from "./stock.ts";
import type { Assignment } from "./assignments.ts";

/** A model in a place that may leave it: one that runs there, or one that it was given a moment ago. */
export interface Item {
  readonly name: string;
  readonly model: ModelRef | null;
  readonly pools: MemoryPools;
  /**
   * `needed` runs, and stays here unless another place takes it; `spare` may end; `given` may still go elsewhere; `fixed`
   * was given and stays.
   */
  readonly kind: "needed" | "spare" | "given" | "fixed";
  /** `null` for what runs. */
  readonly reason: ClaimReason | null;
  /** When what runs was last asked for, in milliseconds since the epoch. @default 0, never */
  readonly askedAtMs?: number | undefined;
  /** The host of the split that it is a share of. @default it is no split */
  readonly host?: PeerId | undefined;
}

/** A model for a place, before anybody knows whether it gets it. */
export interface Gift extends Pick<Item, "name" | "model" | "reason"> {
  readonly bytes: number;
}

interface State {
  readonly free: MemoryPools;
  readonly items: readonly Item[];
  /** So many of them were given, and do not run yet. */
  readonly given: number;
  readonly gone: readonly Item[];
}

const NOTHING: MemoryPools = { gpuBytes: 0, memoryBytes: 0 };

export class Place {
  readonly member: Member;
  /** `pinned` ones belong to their users, who named models for them: they lend what those leave. */
  readonly kind: "idle" | "busy" | "pinned";
  readonly #isSingle: boolean;
  readonly #stock: Stock;
  readonly #memory: MemberMemory;
  #state: State | undefined;
  #asked: number | undefined;
  #spares: { readonly of: readonly Item[]; readonly list: readonly Item[] } | undefined;

  constructor(member: Member, stock: Stock) {
    this.member = member;
    this.kind = !member.assignable ? "pinned" : isIdle(member, stock) ? "idle" : "busy";
    this.#stock = stock;
    this.#memory = stock.memory.get(member.peer) as MemberMemory;
    this.#isSingle = !servesSeveral(member);
  }

  /** Most places are only looked at. */
  get #now(): State {
    this.#state ??= {
      free: this.#memory.free,
      items: itemsOf(this.member, this.#stock),
      given: 0,
      gone: [],
    };
    return this.#state;
  }

  /** Requests that it answers at one time. */
  get asked(): number {
    this.#asked ??= askedOf(this.member, this.#stock.demand);
    return this.#asked;
  }

  /** It is of an earlier version, which does one thing at a time: what does not leave fills it. */
  get #isFull(): boolean {
    return this.kind === "pinned" ||
      this.#memory.held.length > itemsOf(this.member, this.#stock).length;
  }

  get free(): MemoryPools {
    return this.#state?.free ?? this.#memory.free;
  }

  get items(): readonly Item[] {
    return this.#now.items;
  }

  /** So many models have memory of it, or are to. */
  get count(): number {
    return this.#memory.held.length + (this.#state?.given ?? 0);
  }

  /** It does nothing, and was given nothing. */
  get isIdle(): boolean {
    return this.kind === "idle" && (this.#state?.items.length ?? 0) === 0;
  }

  runs(name: string): boolean {
    return runningNames(this.member).has(name);
  }

  /** It serves it, or was given it. */
  has(name: string): boolean {
    return this.runs(name) || this.items.some((item) => item.name === name);
  }

  /** The instances that may end, those that have been idle longest first. */
  get spares(): readonly Item[] {
    const { items } = this.#now;
    if (this.#spares?.of !== items) this.#spares = { of: items, list: this.#sparesOf(items) };
    return this.#spares.list;
  }

  #sparesOf(items: readonly Item[]): readonly Item[] {
    const asked = ({ name }: Item) => this.#stock.demand.get(name) ?? 0;
    return items.filter(({ kind }) => kind === "spare").sort((a, b) =>
      asked(a) - asked(b) || (a.askedAtMs ?? 0) - (b.askedAtMs ?? 0) || (a.name < b.name ? -1 : 1)
    );
  }

  /** Whether it has memory for so much once these have left. */
  fits(bytes: number, leaving: readonly Item[] = []): boolean {
    if (this.#isSingle && (this.#isFull || this.items.length > leaving.length)) return false;
    let freeBytes = this.free.memoryBytes;
    for (const { pools } of leaving) freeBytes += pools.memoryBytes;
    return bytes <= freeBytes;
  }

  /** The memory that it has once these have left. */
  roomWithout(leaving: readonly Item[]): MemoryPools {
    return this.fits(0, leaving) ? sumOf(this.free, leaving) : NOTHING;
  }

  /** The same with what is ending already, for a model that waits until it has ended. */
  roomLater(leaving: readonly Item[]): MemoryPools {
    const { held } = this.#memory;
    const ending = held.filter(({ model }) => partIn(this.#stock, this.member, model) === undefined)
      .reduce((sum, one) => ({
        gpuBytes: sum.gpuBytes + one.gpuBytes,
        memoryBytes: sum.memoryBytes + one.gpuBytes + one.mainBytes,
      }), NOTHING);
    const { gpuBytes, memoryBytes } = this.roomWithout(leaving);
    return {
      gpuBytes: gpuBytes + ending.gpuBytes,
      memoryBytes: memoryBytes + ending.memoryBytes,
    };
  }

  /** Nothing else is given to it. */
  fill(): void {
    this.#state = { ...this.#now, free: NOTHING };
  }

  /** Its GPUs have room for all of it. */
  fitsGpus(bytes: number): boolean {
    return this.free.gpuBytes > 0 && bytes <= this.free.gpuBytes;
  }

  give(gift: Gift, kind: "given" | "fixed", leaving: readonly Item[] = []): void {
    const items = this.items.filter((item) => !leaving.includes(item));
    const before = sumOf(this.free, leaving);
    const free = lessBytes(before, gift.bytes);
    const pools = {
      gpuBytes: before.gpuBytes - free.gpuBytes,
      memoryBytes: before.memoryBytes - free.memoryBytes,
    };
    const { name, model, reason } = gift;
    const all: readonly Item[] = [...items, { name, model, reason, pools, kind }];
    this.#state = {
      free,
      items: all,
      given: all.filter(isGiven).length,
      gone: [...this.#now.gone, ...leaving.filter((item) => item.reason === null)],
    };
  }

  /** A spare that another model's place depends on. */
  keep(spare: Item): void {
    const items = this.items.map((item): Item =>
      item === spare ? { ...item, kind: "fixed" } : item
    );
    this.#state = { ...this.#now, items };
  }

  /** Undoes all that happens to it from now on. */
  snapshot(): () => void {
    const before = this.#now;
    return () => {
      this.#state = before;
    };
  }

  hasLeft(name: string): boolean {
    return this.#now.gone.some((item) => item.name === name);
  }

  /** The work that it was given, each with what has to leave for it. */
  assignments(): Assignment[] {
    if (this.#state === undefined) return [];
    const given = this.#state.items.filter(isGiven);
    const gone = [...this.#state.gone];
    let left = given.reduce((sum, { pools }) => sum + pools.memoryBytes, this.free.memoryBytes) -
      gone.reduce((sum, { pools }) => sum + pools.memoryBytes, 0);
    return given.map(({ name, model, reason, pools }) => {
      const instead: ModelRef[] = [];
      // A node of an earlier version has one place for all.
      while (gone.length > 0 && (this.#isSingle || pools.memoryBytes > left)) {
        const { model, pools: { memoryBytes } } = gone.shift() as Item;
        if (model !== null) instead.push(model);
        left += memoryBytes;
      }
      left -= pools.memoryBytes;
      return { name, model, reason: reason as ClaimReason, instead };
    });
  }
}

function isGiven({ reason }: Item): boolean {
  return reason !== null;
}

/** Pinned models and splits that are needed are no items: they do not leave. */
function itemsOf(member: Member, stock: Stock): Item[] {
  const { held } = stock.memory.get(member.peer) as MemberMemory;
  return held.flatMap(({ model, gpuBytes, mainBytes }): Item[] => {
    const role = roleIn(stock, member, model);
    if (role !== "sole" && role !== "spare") return [];
    const pools = { gpuBytes, memoryBytes: gpuBytes + mainBytes };
    const kind = role === "sole" ? "needed" : "spare";
    const { host, instance } = partIn(stock, member, model) as Part;
    const item = { name: model.name, model, reason: null, pools, kind } as const;
    const isSplit = instance.mode === "split";
    return [{ ...item, askedAtMs: instance.askedAtMs, host: isSplit ? host.peer : undefined }];
  });
}

function sumOf(free: MemoryPools, leaving: readonly Item[]): MemoryPools {
  return leaving.reduce(({ gpuBytes, memoryBytes }, { pools }) => ({
    gpuBytes: gpuBytes + pools.gpuBytes,
    memoryBytes: memoryBytes + pools.memoryBytes,
  }), free);
}
