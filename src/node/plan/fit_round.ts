/** One model in one mesh, looked at with more or less of what runs there. Pure. */

import { isNamed } from "../../base/model_ids.ts";
import {
  type FitMesh,
  type FitNode,
  leastBytes,
  type ModelFit,
  planFit,
  type ShapeSettings,
} from "../../models/mod.ts";
import { SPLIT_RTT_LIMIT_MS } from "./defaults.ts";
import type { FitMember, FitModel, HeldFile, KnownMesh } from "./fit_mesh.ts";
import { freePools, type Occupant } from "./free_memory.ts";
import { poolsOf } from "./pools.ts";

/** One model in one mesh: what stops differs from look to look. */
export class FitRound {
  /** All that could make room for the model. */
  readonly occupants: readonly Occupant[];
  readonly #model: FitModel;
  readonly #mesh: KnownMesh;
  readonly #settings: ShapeSettings;
  /** These take nothing from it: its own instances, and a choice of its user here that this one replaces. */
  readonly #yielding: ReadonlySet<Occupant>;
  /** With what is free now. */
  readonly #nodes: readonly FitNode[];

  constructor(model: FitModel, mesh: KnownMesh, settings: ShapeSettings) {
    const { members, self } = mesh.view;
    this.#model = model;
    this.#mesh = mesh;
    this.#settings = settings;
    const hosting = hostingIn(mesh, model, leastBytes(model, settings));
    const isHere = self !== null && hosting(self).hosts === "any";
    const yields = (one: Occupant) =>
      isOf(model, one) || (isHere && one.host === self && !one.isRunning);
    this.#yielding = new Set(mesh.occupants.filter(yields));
    this.occupants = mesh.occupants.filter((one) => !this.#yielding.has(one));
    const nodes = members.filter((member) => mayTakePart(member, model, isHere ? self : null))
      .map(({ peer }): FitNode => ({
        id: peer,
        rttMs: undefined,
        ...hosting(peer),
        ...mesh.pools.get(peer) ?? { gpuBytes: 0, memoryBytes: 0 },
      }));
    this.#nodes = this.#freed(nodes, this.#yielding);
  }

  /** The fit once these have stopped. */
  without(gone: readonly Occupant[]): ModelFit {
    const stopped = new Set(gone);
    const nodes = this.#freed(this.#nodes, stopped).filter(({ memoryBytes }) => memoryBytes > 0);
    const self = nodes.find(({ id }) => id === this.#mesh.view.self) ?? null;
    const mesh: FitMesh = {
      self,
      others: nodes.filter((node) => node !== self),
      rttLimitMs: SPLIT_RTT_LIMIT_MS,
      here: self !== null && self.hosts === "any",
      distanceMs: (host, other) => this.#distanceMs(host, other),
      isPreferred: (a, b) => a > b,
    };
    const fit = planFit(this.#model, mesh, this.#settings);
    if (fit.kind !== "none") return fit;
    for (const other of this.#waysAround(mesh, stopped)) {
      const found = planFit(this.#model, other, this.#settings);
      if (found.kind !== "none") return found;
    }
    return fit;
  }

  /**
   * Some nodes may do together what they can't with one that would be their host: those that do nothing are asked before
   * those that have other work, and these before users' machines.
   */
  *#waysAround(mesh: FitMesh, gone: ReadonlySet<Occupant>): Generator<FitMesh> {
    const { members, besides } = this.#mesh;
    const isUsers = ({ id }: FitNode) => (members.get(id)?.pins.length ?? 0) > 0;
    const isBusy = ({ id }: FitNode) =>
      besides.get(id)?.some((one) => !gone.has(one) && !this.#yielding.has(one)) ?? false;
    const { self, others } = mesh;
    // Its user need not serve it here.
    const anywhere = {
      ...mesh,
      here: false,
      self: self !== null && this.#helps(self.id) ? self : null,
    };
    for (const way of mesh.here === true ? [mesh, anywhere] : [anywhere]) {
      const idle = others.filter((node) => !isUsers(node) && !isBusy(node));
      const free = others.filter((node) => !isUsers(node));
      const keeps = (node: FitNode | null) =>
        node !== null && (way.here === true || !isUsers(node)) ? node : null;
      const isIdle = way.self !== null && (way.here === true || !isBusy(way.self));
      yield { ...way, self: isIdle ? keeps(way.self) : null, others: idle };
      yield { ...way, self: keeps(way.self), others: free };
      yield way;
    }
  }

  /** The fit that its instance shows, if it runs although nothing was found for it: facts come before figures. */
  running(fit: ModelFit): ModelFit {
    const { instances, members } = this.#mesh;
    const { name, fingerprint } = this.#model;
    const found = instances.get(name)?.find(({ model, state }) =>
      state !== "waiting" && (fingerprint === null || model.fingerprint === fingerprint)
    );
    if (found === undefined) return fit;
    const { host, needBytes, hostShare, workers } = found;
    const others = workers.map(({ peer, share }) => ({ id: peer as string, share }));
    const nodes = [{ id: host, share: hostShare }, ...others];
    const pools = nodes.flatMap(({ id }) => members.get(id) ?? []).map(poolsOf);
    const gpuBytes = pools.reduce((sum, one) => sum + one.gpuBytes, 0);
    const memoryBytes = pools.reduce((sum, one) => sum + one.memoryBytes, 0);
    const memory = gpuBytes >= needBytes ? "gpu" : "all";
    const haveBytes = memory === "gpu" ? gpuBytes : memoryBytes;
    return {
      ...fit,
      kind: others.length === 0 ? "solo" : "split",
      memory,
      needBytes,
      haveBytes,
      nodes,
    };
  }

  /** Whether it also takes part where its user has not told it to. */
  #helps(peer: string): boolean {
    const isMeant = (listed: string) => isListed(this.#model, listed);
    const { refuses = [], pins = [], isSingle } = this.#mesh.members.get(peer) ?? {};
    const isKept = isSingle && !pins.every(isMeant);
    return !isKept && !refuses.some(isMeant);
  }

  /** With the memory of what has gone: that of a few nodes. */
  #freed(nodes: readonly FitNode[], gone: ReadonlySet<Occupant>): readonly FitNode[] {
    const peers = new Set([...gone].flatMap(({ takes }) => [...takes.keys()]));
    if (peers.size === 0) return nodes;
    const { members, besides } = this.#mesh;
    return nodes.map((node) => {
      const member = peers.has(node.id) ? members.get(node.id) : undefined;
      if (member === undefined) return node;
      const left = besides.get(node.id)?.filter((one) =>
        !gone.has(one) && !this.#yielding.has(one)
      );
      return { ...node, ...freePools(member, left ?? []) };
    });
  }

  #distanceMs(host: string, other: string): number | undefined {
    const { members } = this.#mesh;
    const a = members.get(host);
    const b = members.get(other);
    if (a === undefined || b === undefined) return undefined;
    if (a.rpcProtocol !== b.rpcProtocol) return Infinity;
    return a.rttsMs[other] ?? b.rttsMs[host];
  }
}

/** Its own instances count for a model itself. */
function isOf({ name, fingerprint }: FitModel, { model, isRunning }: Occupant): boolean {
  return model.name === name &&
    (!isRunning || fingerprint === null || model.fingerprint === fingerprint);
}

/** @param here where its user can serve it: a refusal there ends with that. */
function mayTakePart(member: FitMember, model: FitModel, here: string | null): boolean {
  return member.rpcProtocol !== null &&
    (member.peer === here || !member.refuses.some((listed) => isListed(model, listed)));
}

/** Whether a list of a member, which has names and ids, has the model. */
function isListed({ name, fingerprint }: FitModel, listed: string): boolean {
  return fingerprint === null ? listed === name : isNamed(listed, { name, fingerprint });
}

/**
 * Whether a member could run the model itself: it needs the file, or a way to get it.
 * @param need as the node that asks works it out
 */
function hostingIn(
  { files, instances, members, view: { self } }: KnownMesh,
  model: FitModel,
  need: number,
): (peer: string) => Pick<FitNode, "hosts" | "needBytes"> {
  const named = files.get(model.name) ?? [];
  const isIt = ({ file: { fingerprint } }: HeldFile) =>
    model.fingerprint === null || fingerprint === model.fingerprint;
  const holders = new Map(
    named.filter(isIt).toReversed().map(({ peer, file }) => [peer, file.needBytes]),
  );
  const others = new Set(named.map(({ peer }) => peer));
  // The catalog knows a size only; somebody who has the file knows what it takes.
  const stated = named.map(({ file }) => file.needBytes);
  const least = stated.length === 0 ? need : Math.max(need, Math.min(...stated));
  // Nor does a client know more of it than its instances tell.
  const running = Math.max(
    0,
    ...instances.get(model.name)?.filter((one) =>
      model.fingerprint === null || one.model.fingerprint === model.fingerprint
    ).map((one) => one.needBytes) ?? [],
  );
  return (peer) => {
    const member = members.get(peer);
    if (model.source === "anywhere") return { hosts: "any", needBytes: need };
    if (member?.files === null) return { hosts: "any", needBytes: Math.max(need, running) };
    const told = holders.get(peer);
    if (told !== undefined) return { hosts: "any", needBytes: peer === self ? need : told };
    if (model.source === "none" || others.has(peer)) return { hosts: "never" };
    // Its user may download it here; others do so by themselves only where they then serve it alone.
    if (peer === self) return { hosts: "any", needBytes: least };
    const hasRoom = model.sizeBytes <= (member?.downloadBytes ?? 0);
    return { hosts: hasRoom ? "alone" : "never", needBytes: least };
  };
}
