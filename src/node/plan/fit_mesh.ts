/** The mesh as the judgement of what fits knows it: made once, and looked at for each model. Pure. */

import type { ModelOnDisk } from "../../mesh/mod.ts";
import type { MemoryPools, SizedModel } from "../../models/mod.ts";
import { freePools, type Lender, type Occupant, occupantsOf } from "./free_memory.ts";

/** An active node, as far as it matters to what fits. */
export interface FitMember extends Lender {
  readonly name: string;
  /** `null` without llama.cpp. */
  readonly rpcProtocol: string | null;
  /** To others, where it or they have measured it. */
  readonly rttsMs: Readonly<Record<string, number>>;
  /** `null` where nobody says what is on its disk. */
  readonly files: readonly ModelOnDisk[] | null;
  /** Bytes of models that it would download. */
  readonly downloadBytes: number;
  /** Names that it will not serve, or work for. */
  readonly refuses: readonly string[];
}

export interface FitView {
  /** `null` for a client, which runs nothing. */
  readonly self: string | null;
  readonly members: readonly FitMember[];
}

export interface FitModel extends SizedModel {
  readonly name: string;
  /** `null` for one that is on nobody's disk. */
  readonly fingerprint: string | null;
  /** Its file can be had by those with room for it, if it is in the catalog; by nobody else; or by everybody. */
  readonly source: "catalog" | "none" | "anywhere";
}

export interface HeldFile {
  readonly peer: string;
  readonly file: ModelOnDisk;
}

type HostedInstance = FitMember["instances"][number] & { readonly host: string };

export interface KnownMesh {
  readonly view: FitView;
  readonly occupants: readonly Occupant[];
  readonly members: ReadonlyMap<string, FitMember>;
  /** By node. */
  readonly besides: ReadonlyMap<string, readonly Occupant[]>;
  /** By node: its free memory. */
  readonly pools: ReadonlyMap<string, MemoryPools>;
  /** By name. */
  readonly files: ReadonlyMap<string, readonly HeldFile[]>;
  /** By name, also those that wait. */
  readonly instances: ReadonlyMap<string, readonly HostedInstance[]>;
}

export function knownMesh(view: FitView): KnownMesh {
  const { members } = view;
  const occupants = occupantsOf(members);
  const besides = besidesOf(occupants);
  return {
    view,
    occupants,
    besides,
    members: new Map(members.map((member) => [member.peer, member])),
    pools: new Map(
      members.map((member) => [member.peer, freePools(member, besides.get(member.peer) ?? [])]),
    ),
    files: filesOf(members),
    instances: Map.groupBy(
      members.flatMap(({ peer, instances }) => instances.map((one) => ({ ...one, host: peer }))),
      ({ model }) => model.name,
    ),
  };
}

/** By node: all that takes memory of it. */
function besidesOf(occupants: readonly Occupant[]): Map<string, Occupant[]> {
  return groupsOf(occupants.flatMap((one) => [...one.takes.keys()].map((peer) => [peer, one])));
}

/** By name: who has files of it. */
function filesOf(members: readonly FitMember[]): Map<string, HeldFile[]> {
  return groupsOf(
    members.flatMap(({ peer, files }) =>
      (files ?? []).map((file) => [file.name, { peer, file }] as const)
    ),
  );
}

function groupsOf<T>(pairs: Iterable<readonly [string, T]>): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const [key, value] of pairs) {
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [value]);
    else group.push(value);
  }
  return groups;
}
