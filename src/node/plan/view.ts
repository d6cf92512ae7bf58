/** One node's knowledge of its mesh at one moment: the only input of a plan. */

import type {
  Announcement,
  AnnouncementContent,
  Instance,
  Mesh,
  ModelRef,
  Obedience,
  PeerId,
} from "../../mesh/mod.ts";
import { SPLIT_RTT_LIMIT_MS } from "./defaults.ts";

/** An active node as plans see it: another's announcement, or what this node is about to announce. */
export type Member =
  & Pick<
    Announcement,
    | "peer"
    | "rttsMs"
    | "memoryBytes"
    | "models"
    | "wanted"
    | "asked"
    | "targets"
    | "split"
    | "tensorSplit"
    | "assignable"
    | "claims"
    | "refuses"
    | "dropped"
    | "failures"
    | "downloadBytes"
    | "demand"
    | "instances"
    | "obeys"
    | "reservations"
    | "machine"
  >
  & {
    /**
     * Only of the node that plans: the models that its own plans have room for so far, in its order.
     * All else that it does has no right against them, nor against the one that is planned now.
     */
    readonly settled?: readonly ModelRef[];
  };

export interface View {
  readonly self: Member;
  /** Living members without this node. */
  readonly others: readonly Member[];
  /** Round trips from this node, in buckets. */
  readonly rttsMs: ReadonlyMap<PeerId, number>;
}

/** The view of a node that is about to announce `content`. */
export function viewOf(
  mesh: Pick<Mesh, "self" | "members" | "rttMs">,
  content: AnnouncementContent,
): View {
  const others = mesh.members();
  const rttsMs = new Map<PeerId, number>();
  for (const { peer } of others) {
    const rttMs = mesh.rttMs(peer);
    if (rttMs !== undefined) rttsMs.set(peer, rttMs);
  }
  const self = { ...content, peer: mesh.self, rttsMs: Object.fromEntries(rttsMs) };
  return { self, others, rttsMs };
}

/** A plan asks for everyone many times, and what it works out of them is kept by this list. */
const known = new WeakMap<View, readonly Member[]>();

/** Everyone, in the order of their PeerIds, so that each node walks the same list. */
export function everyone(view: View): readonly Member[] {
  const before = known.get(view);
  if (before !== undefined) return before;
  const all = [view.self, ...view.others].sort(byPeer);
  known.set(view, all);
  return all;
}

/** The members that are to serve this model. */
export function groupOf(view: View, model: ModelRef): Member[] {
  return everyone(view).filter((member) => belongsTo(member, model));
}

/** It is to serve the model, or to work for one that does. */
export function belongsTo({ targets }: Pick<Member, "targets">, model: ModelRef): boolean {
  return targets.some((target) => sameModel(target, model));
}

/** The member's own instance of the model. */
export function instanceOf(
  { instances }: Pick<Member, "instances">,
  model: ModelRef,
): Instance | undefined {
  return instances.find((instance) => sameModel(instance.model, model));
}

export function sameModel(a: ModelRef | null, b: ModelRef | null): boolean {
  return a?.name === b?.name && a?.fingerprint === b?.fingerprint;
}

/** The key of a map by model. */
export function modelKey({ name, fingerprint }: ModelRef): string {
  return `${fingerprint} ${name}`;
}

/** The worker's answer is about this model. One of an earlier version has a single answer, and does not say of which. */
export function isAbout({ model: told }: Obedience, model: ModelRef): boolean {
  return told === undefined || sameModel(told, model);
}

/** The member's own file of this model, if it is complete on its disk. */
export function fileOf(member: Member, model: ModelRef) {
  return member.models.find((file) => sameModel(file, model));
}

/** Memory that the model takes where its holders state it: each at its own context, the largest counts. */
export function needOf(members: readonly Member[], model: ModelRef): number {
  const stated = members.flatMap((member) => {
    return [fileOf(member, model)?.needBytes ?? 0, instanceOf(member, model)?.needBytes ?? 0];
  });
  return Math.max(0, ...stated);
}

/** Far above what honest hosts reach, and far below what an announcement may say: a liar can't use up the terms. */
const MAX_HEEDED_TERM = 2 ** 49;

/** The highest term that anybody has used for the model. */
export function highestTerm(members: readonly Member[], model: ModelRef): number {
  const terms = members.flatMap((member) => [
    instanceOf(member, model)?.term ?? 0,
    ...(belongsTo(member, model) ? termsOf(member, model) : []),
  ]);
  return Math.max(0, ...terms.filter((term) => term <= MAX_HEEDED_TERM));
}

function termsOf({ obeys }: Member, model: ModelRef): number[] {
  return obeys.filter((answer) => isAbout(answer, model)).map(({ term }) => term);
}

/** Round trip between two members where one of them has told it. */
export function distanceMs(a: Member, b: Member): number | undefined {
  return a.rttsMs[b.peer] ?? b.rttsMs[a.peer];
}

/** A worker speaks the host's RPC protocol, or llama-server would hang up on it without a word. */
export function canWorkFor(host: Member, member: Member): boolean {
  return member.peer !== host.peer && isSameProtocol(member, host);
}

function isSameProtocol({ machine: { engine } }: Member, host: Member): boolean {
  return engine !== null && engine.rpcProtocol === host.machine.engine?.rpcProtocol;
}

/** Near enough to share a model with, and able to. */
export function isNear(host: Member, member: Member): boolean {
  const distance = distanceMs(host, member) ?? SPLIT_RTT_LIMIT_MS;
  return canWorkFor(host, member) && distance <= SPLIT_RTT_LIMIT_MS;
}

export function byPeer(a: Member, b: Member): number {
  return a.peer < b.peer ? -1 : a.peer > b.peer ? 1 : 0;
}
