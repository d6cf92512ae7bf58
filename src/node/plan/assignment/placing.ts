/**
 * Gives models to places. Each takes as many as it has memory for, and packing them best is a hard problem; but the next
 * plan would pack them anew, and what has been loaded does not move without need. So the largest go first, each to the
 * first place that has room for it as things are: whoever reads a plan can follow it, every node finds the same one, and
 * a small model finds room where a large one has left some. Only where nothing has room does one that was given a moment
 * ago, or whose place another can take, make some: then as many are placed as can be where each place holds one.
 */

import type { ModelRef } from "../../../mesh/mod.ts";
import { ASKED_STEP_MS, GAP_PATIENCE_MS, MAX_PLACING_LOOKS } from "../defaults.ts";
import { mayDownload, mayServe, refOf } from "./fits.ts";
import type { Item, Place } from "./places.ts";
import type { Downloadable } from "./assignments.ts";

/**
 * Lower ones are used up first: who does nothing loads at once and shares nothing, a file on a disk is served in seconds,
 * nobody waits for a replica, and a user's machine is asked last.
 */
export const LEVELS = {
  idle: 0,
  room: 1,
  spare: 2,
  idleDownload: 3,
  roomDownload: 4,
  spareDownload: 5,
  sole: 6,
  pinned: 7,
} as const;

/** A model, and a place that could serve it with all its memory. */
export interface Edge {
  readonly place: Place;
  readonly name: string;
  /** `null` for what it would have to download. */
  readonly model: ModelRef | null;
  readonly bytes: number;
}

export type Edges = ReadonlyMap<string, readonly Edge[]>;

export function edgesOf(
  names: Iterable<string>,
  places: readonly Place[],
  offered: readonly Downloadable[],
): Edges {
  const edges = new Map([...names].map((name): [string, Edge[]] => [name, []]));
  for (const place of places) {
    const { member } = place;
    for (const file of member.models) {
      const list = edges.get(file.name);
      if (list === undefined || list.at(-1)?.place === place || !mayServe(member, file)) continue;
      list.push({ place, name: file.name, model: refOf(file), bytes: file.needBytes });
    }
    if (place.kind === "pinned") continue;
    for (const model of offered) {
      const list = edges.get(model.name);
      if (list?.at(-1)?.place === place || !mayDownload(member, model)) continue;
      list?.push({ place, name: model.name, model: null, bytes: model.needBytes });
    }
  }
  return edges;
}

/** The order of places: GPUs that hold it, who is asked least and does least, and the least room: large models need the rest. */
function bestFirst(a: Edge, b: Edge): number {
  const onGpus = ({ place, bytes }: Edge) => Number(place.fitsGpus(bytes));
  return onGpus(b) - onGpus(a) || a.place.asked - b.place.asked ||
    a.place.count - b.place.count ||
    a.place.free.memoryBytes - b.place.free.memoryBytes ||
    (a.place.member.peer < b.place.member.peer ? -1 : 1);
}

/** The level, up to this one, at which the model goes to this place as it is now; `undefined` where it does not. */
export function levelOf({ place, name, model, bytes }: Edge, most: number): number | undefined {
  if (place.runs(name)) return spareOf(place, name) === undefined ? undefined : LEVELS.idle;
  if (place.fits(bytes)) {
    if (place.kind === "pinned") return LEVELS.pinned;
    if (place.isIdle) return model === null ? LEVELS.idleDownload : LEVELS.idle;
    return model === null ? LEVELS.roomDownload : LEVELS.room;
  }
  if (most < LEVELS.spare || !place.fits(bytes, place.spares)) return undefined;
  return model === null ? LEVELS.spareDownload : LEVELS.spare;
}

function spareOf(place: Place, name: string): Item | undefined {
  return place.spares.find((item) => item.name === name);
}

/** The place that takes the model at the lowest level, up to this one, as things are. */
export function bestOf(edges: readonly Edge[], most: number): Edge | undefined {
  return lowestOf(edges, most)?.edge;
}

interface Found {
  readonly edge: Edge;
  readonly level: number;
}

function lowestOf(edges: readonly Edge[], most: number): Found | undefined {
  let best: Found | undefined;
  let bestLeftMs = 0;
  for (const edge of edges) {
    const level = levelOf(edge, most) ?? Infinity;
    if (level > most || level > (best?.level ?? Infinity)) continue;
    const leftMs = leftAtMs(edge);
    const isBetter = best === undefined || level < best.level || leftMs < bestLeftMs ||
      (leftMs === bestLeftMs && bestFirst(best.edge, edge) > 0);
    if (isBetter) [best, bestLeftMs] = [{ edge, level }, leftMs];
  }
  return best;
}

/** When the last of what has to leave was asked for: whoever has been idle longest costs least. 0 where nothing has to. */
function leftAtMs(edge: Edge): number {
  if (edge.place.fits(edge.bytes)) return 0;
  let lastMs = 0;
  for (const { askedAtMs = 0 } of leavingFor(edge)) {
    lastMs = Math.max(lastMs, announcedMs(askedAtMs));
  }
  return lastMs;
}

/** A node knows of its own models more than others do, and all have to find the same place. */
export function announcedMs(askedAtMs: number): number {
  return Math.floor(askedAtMs / ASKED_STEP_MS) * ASKED_STEP_MS;
}

/** Of what may leave the place as few as make room. */
export function leavingFor({ place, bytes }: Pick<Edge, "place" | "bytes">): Item[] {
  const { spares } = place;
  let leaving: Item[] = [];
  for (const spare of spares) {
    if (place.fits(bytes, leaving)) break;
    leaving.push(spare);
  }
  if (leaving.length < 2) return leaving;
  for (const item of [...leaving]) {
    const others = leaving.filter((one) => one !== item);
    if (place.fits(bytes, others)) leaving = others;
  }
  return leaving;
}

export class Placing {
  readonly #edges: Edges;
  /** The names that are gaps; the others make room for them. */
  readonly #gaps: ReadonlySet<string>;
  readonly #sorted = new Map<string, readonly Edge[]>();
  /** By name: what the last look found. Most that find nothing are asked for at each level, with nothing placed between. */
  readonly #found = new Map<string, Look>();
  #looks = 0;
  #placed = 0;
  #others: Edges | undefined;

  constructor(
    edges: Edges,
    gaps: readonly string[],
    /** By name, for how long they have been gaps. */
    private readonly gapsMs: ReadonlyMap<string, number> = new Map(),
    /** Of the models that run and may go elsewhere: few plans get so far as to ask. */
    private readonly othersEdges: () => Edges = () => new Map(),
  ) {
    this.#edges = edges;
    this.#gaps = new Set(gaps);
  }

  /** Places what it can of these gaps; answers with what it can't. */
  place(gaps: Iterable<string> = this.#gaps): string[] {
    this.#placed++; // by others, since the last time
    let open = [...gaps].sort((a, b) => this.#compare(a, b));
    for (const level of Object.values(LEVELS)) {
      // From a place that led nowhere nothing leads anywhere, until something else was placed.
      let visited = new Set<Place>();
      open = open.filter((name) => {
        const isPlaced = this.#augment(name, level, visited);
        if (isPlaced) visited = new Set();
        return !isPlaced;
      });
    }
    return open;
  }

  /** Those that have waited long, then the largest, and of these whoever has the least choice. */
  #compare(a: string, b: string): number {
    const [left, right] = [a, b].map((name) => this.#edges.get(name) ?? []) as [Edge[], Edge[]];
    return this.#waitedMs(b) - this.#waitedMs(a) || sizeOf(right) - sizeOf(left) ||
      left.length - right.length || (a < b ? -1 : 1);
  }

  #waitedMs(name: string): number {
    const waitedMs = this.gapsMs.get(name) ?? 0;
    return waitedMs < GAP_PATIENCE_MS ? 0 : waitedMs;
  }

  #augment(name: string, level: number, visited: Set<Place>): boolean {
    const edges = this.#edgesOf(name);
    const best = this.#bestOf(name, level);
    if (best !== undefined) {
      this.#give(best, leavingFor(best));
      return true;
    }
    const mayMake = (edge: Edge) =>
      isOpen(edge, level) && edge.place.items.some((item) => mayMove(item, edge, level));
    if (!edges.some(mayMake)) return false;
    for (const edge of this.#inOrder(name, edges)) {
      if (visited.has(edge.place) || !mayMake(edge)) continue;
      visited.add(edge.place);
      if (this.#displace(edge, level, visited)) return true;
    }
    return false;
  }

  #edgesOf(name: string): readonly Edge[] {
    return this.#edges.get(name) ?? (this.#others ??= this.othersEdges()).get(name) ?? [];
  }

  /** The best one of all levels is the best one up to any level that it is not above. */
  #bestOf(name: string, level: number): Edge | undefined {
    const most = level < LEVELS.spare ? LEVELS.room : LEVELS.pinned;
    const known = this.#found.get(name);
    const isKnown = known?.placed === this.#placed && known.most === most;
    const found = isKnown ? known.found : lowestOf(this.#edgesOf(name), most);
    if (!isKnown) this.#found.set(name, { placed: this.#placed, most, found });
    return found !== undefined && found.level <= level ? found.edge : undefined;
  }

  /** As they were when it was first looked for one that makes room. */
  #inOrder(name: string, edges: readonly Edge[]): readonly Edge[] {
    const sorted = this.#sorted.get(name) ?? edges.toSorted(bestFirst);
    this.#sorted.set(name, sorted);
    return sorted;
  }

  /** Something that is in the place goes elsewhere. */
  #displace(edge: Edge, level: number, visited: Set<Place>): boolean {
    const { place, bytes } = edge;
    for (const item of place.items) {
      if (!mayMove(item, edge, level) || !place.fits(bytes, [item])) continue;
      if (++this.#looks > MAX_PLACING_LOOKS) return false;
      // Before it leaves: what runs nowhere may go nowhere.
      this.#edgesOf(item.name);
      const undo = place.snapshot();
      this.#give(edge, [item]);
      if (this.#augment(item.name, level, visited)) return true;
      undo();
      this.#placed++;
    }
    return false;
  }

  #give(edge: Edge, leaving: readonly Item[]): void {
    const { place, name, model, bytes } = edge;
    this.#placed++;
    const spare = spareOf(place, name);
    if (spare !== undefined) return place.keep(spare);
    const reason = !this.#gaps.has(name) ? "room" : model === null ? "download" : "unserved";
    place.give({ name, model, bytes, reason }, "given", leaving);
  }
}

/** A look for the best place of a model, up to a level. */
interface Look {
  /** So much had been placed before. */
  readonly placed: number;
  readonly most: number;
  readonly found: Found | undefined;
}

/** The item may go elsewhere for a model that comes to its place. */
function mayMove(item: Item, { name, model }: Edge, level: number): boolean {
  const isMovable = item.kind === "given" ||
    (item.kind === "needed" && level >= LEVELS.sole && model !== null);
  return isMovable && item.name !== name;
}

/** Places that this level uses at all. */
function isOpen({ place, model }: Edge, level: number): boolean {
  if (place.kind === "pinned") return level >= LEVELS.pinned;
  const least = place.kind === "idle"
    ? model === null ? LEVELS.idleDownload : LEVELS.idle
    : model === null
    ? LEVELS.roomDownload
    : LEVELS.room;
  return least <= level;
}

function sizeOf(edges: readonly Edge[]): number {
  return Math.max(0, ...edges.map(({ bytes }) => bytes));
}
