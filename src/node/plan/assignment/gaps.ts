import type { PeerId } from "../../../mesh/mod.ts";
import { bytesOf } from "../pools.ts";
import type { Member } from "../view.ts";
import { type Edge, match } from "./matching.ts";
import { askedOf, type Role, runningOf, servedBy, type Stock } from "./stock.ts";
import type { Assignment, Downloadable } from "./assignments.ts";

/** Lower ones are used up first: a file on a disk is served in seconds, and nobody waits meanwhile. */
const LEVELS = { idle: 0, spare: 1, idleDownload: 2, spareDownload: 3, sole: 4 } as const;

export interface Filled {
  readonly assignments: ReadonlyMap<PeerId, Assignment>;
  /** Names that no single member can serve. */
  readonly open: readonly string[];
}

/**
 * Gives each of these unserved models a member that can serve it alone, as many of them as can be:
 * idle ones, then spare replicas of what is asked for least, then those whose model another can take.
 */
export function fillGaps(
  gaps: readonly string[],
  stock: Stock,
  { catalog, taken }: {
    readonly catalog: readonly Downloadable[];
    /** Members that have something to do already. */
    readonly taken: ReadonlySet<PeerId>;
  },
): Filled {
  if (gaps.length === 0) return { assignments: new Map(), open: [] };
  const movable = stock.members.filter(({ peer }) => !taken.has(peer)).filter((member) =>
    ["idle", "spare", "sole"].includes(stock.roles.get(member.peer) ?? "fixed")
  );
  const soles = movable.filter(({ peer }) => stock.roles.get(peer) === "sole");
  const holding = new Map(soles.map((member) => [member, servedBy(member)[0] ?? ""]));
  const names = [...gaps, ...holding.values()];
  const edges = edgesByName(names, cheapestFirst(movable, stock), {
    roles: stock.roles,
    offered: offersOf(new Set(names), stock.members, catalog),
  });
  const open = match(gaps, (name) => edges.get(name) ?? [], holding);
  const assignments = new Map<PeerId, Assignment>();
  for (const [member, name] of holding) {
    if (!servedBy(member).includes(name)) {
      assignments.set(member.peer, assignmentOf(member, name, gaps.includes(name)));
    }
  }
  return { assignments, open };
}

/** Idle before spare, what is asked for least first, and the smallest memory: large models need the rest. */
function cheapestFirst(members: readonly Member[], { roles, demand }: Stock): Member[] {
  const cost = (member: Member) => roles.get(member.peer) === "idle" ? -1 : askedOf(member, demand);
  return members.toSorted((a, b) =>
    cost(a) - cost(b) || a.memoryBytes - b.memoryBytes || (a.peer < b.peer ? -1 : 1)
  );
}

function edgesByName(
  names: readonly string[],
  members: readonly Member[],
  { roles, offered }: {
    readonly roles: ReadonlyMap<PeerId, Role>;
    readonly offered: readonly Downloadable[];
  },
): Map<string, Edge<Member>[]> {
  const edges = new Map(names.map((name): [string, Edge<Member>[]] => [name, []]));
  for (const node of members) {
    const role = roles.get(node.peer) as "idle" | "spare" | "sole";
    for (const file of node.models) {
      const list = edges.get(file.name);
      if (list === undefined || list.at(-1)?.node === node || !mayServe(node, file)) continue;
      list.push({ node, level: LEVELS[role] });
    }
    if (role === "sole") continue;
    for (const model of offered) {
      const list = edges.get(model.name);
      if (list?.at(-1)?.node === node || !mayDownload(node, model)) continue;
      list?.push({ node, level: role === "idle" ? LEVELS.idleDownload : LEVELS.spareDownload });
    }
  }
  for (const [name, list] of edges) edges.set(name, onGpusFirst(list, name, offered));
  return edges;
}

/** Members whose GPUs hold the model before those that need their main memory for it. */
function onGpusFirst(
  edges: Edge<Member>[],
  name: string,
  offered: readonly Downloadable[],
): Edge<Member>[] {
  const offer = offered.find((model) => model.name === name);
  const isOnGpus = ({ node }: Edge<Member>) => {
    const gpuBytes = bytesOf(node, "gpu");
    if (gpuBytes === 0) return false;
    return offer !== undefined && offer.needBytes <= gpuBytes ||
      node.models.some((model) => model.name === name && model.needBytes <= gpuBytes);
  };
  const first = edges.filter(isOnGpus);
  return first.length === 0 ? edges : [...first, ...edges.filter((edge) => !isOnGpus(edge))];
}

/** Whether the member could serve what lies on its disk alone. */
export function mayServe(
  { memoryBytes, refuses }: Member,
  { name, needBytes }: { readonly name: string; readonly needBytes: number },
): boolean {
  return needBytes <= memoryBytes && !refuses.includes(name);
}

export function holdsFitting(member: Member, name: string): boolean {
  return member.models.some((file) => file.name === name && mayServe(member, file));
}

/**
 * The part of these models that the catalog has. It knows sizes only; a node that has a file knows from its header how
 * much memory it takes at a context length, and if that is more, no other node downloads it for nothing.
 */
export function offersOf(
  names: ReadonlySet<string>,
  members: readonly Member[],
  catalog: readonly Downloadable[],
): Downloadable[] {
  const offered = catalog.filter(({ name }) => names.has(name));
  if (offered.length === 0) return [];
  const stated = new Map<string, number>();
  for (const { models } of members) {
    for (const { name, needBytes } of models) {
      stated.set(name, Math.min(needBytes, stated.get(name) ?? Infinity));
    }
  }
  return offered.map((model) => {
    const needBytes = Math.max(model.needBytes, stated.get(model.name) ?? 0);
    return { ...model, needBytes };
  });
}

/** A file that it has already and can't serve would not be another one once it was fetched again. */
export function mayDownload(member: Member, model: Downloadable): boolean {
  return model.sizeBytes <= member.downloadBytes && mayServe(member, model) &&
    !member.models.some(({ name }) => name === model.name);
}

export function assignmentOf(member: Member, name: string, isGap: boolean): Assignment {
  const file = member.models.find((one) => one.name === name && mayServe(member, one));
  const reason = !isGap ? "room" : file === undefined ? "download" : "unserved";
  return {
    name,
    model: file === undefined ? null : refOf(file),
    reason,
    instead: runningOf(member),
  };
}

export function refOf({ name, fingerprint }: { name: string; fingerprint: string }) {
  return { name, fingerprint };
}
