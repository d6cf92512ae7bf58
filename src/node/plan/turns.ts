/** Models that need the same memory take turns: when one that runs gives way to one that is asked for. Pure. */

import { isNamed, type ModelContent } from "../../base/model_ids.ts";
import type { ModelRef } from "../../mesh/mod.ts";
import type { MemoryPools } from "../../models/mod.ts";
import type { MemberMemory } from "./assignment/memory.ts";
import { isRunning, isWarm } from "./assignment/running.ts";
import { type Part, partIn, roleIn, type Stock } from "./assignment/stock.ts";
import { TURN_MS, UNASKED_MS, YIELD_IDLE_MS } from "./defaults.ts";
import type { Member } from "./view.ts";

/** A model that a node serves, as far as its turn is concerned. Milliseconds. */
export interface Served {
  /** For how long it has answered; `null` while it does not. */
  readonly warmMs: number | null;
  readonly loadMs: number;
  /** For how long nobody has waited for an answer of it; `null` while somebody does. */
  readonly idleMs: number | null;
}

/**
 * Whether it may give way now. It has had its turn when it has answered for as long as it took to load, and ten seconds
 * at least; before that, once nobody asks for it any more, and whoever had it loaded has had the time to.
 */
export function hasHadTurn({ warmMs, loadMs, idleMs }: Served): boolean {
  if (warmMs === null || warmMs >= Math.max(TURN_MS, loadMs)) return true;
  if (idleMs === null) return false;
  return idleMs < warmMs ? idleMs >= YIELD_IDLE_MS : warmMs >= UNASKED_MS;
}

/** A caller of the model can't ask another machine. */
export function isOnlyOne({ peer }: Member, { name }: ModelRef, { providers }: Stock): boolean {
  return !(providers.get(name) ?? []).some((other) => other.peer !== peer && isWarm(other, name));
}

/**
 * The models that are wanted, and that this member can load once something that it serves, or lends memory to, and that no
 * user insists on, has had its turn.
 * @param open those that found no place though there is memory, which another one is waiting for
 */
export function turnsAt(
  self: Member,
  stock: Stock,
  open: ReadonlySet<string> = new Set(),
): string[] {
  const { free } = stock.memory.get(self.peer) as MemberMemory;
  const gaps = stock.wanted.filter((name) => !stock.providers.has(name));
  if (gaps.length === 0) return [];
  const { memoryBytes } = poolsLater(self, stock);
  const comesLater = new Set(
    self.models.filter((file) =>
      file.needBytes <= memoryBytes && !hasFailed(self, file) &&
      (file.needBytes > free.memoryBytes || open.has(file.name))
    ).map(({ name }) => name),
  );
  return gaps.filter((name) => comesLater.has(name) && !self.refuses.includes(name));
}

/** It can't load the model, whatever else it has memory for. */
export function hasFailed({ failures }: Pick<Member, "failures">, file: ModelContent): boolean {
  return failures.some(({ model }) => isNamed(model, file));
}

/** The memory that a member has once all that no user insists on has had its turn. */
export function poolsLater(self: Member, stock: Stock): MemoryPools {
  const { free, held } = stock.memory.get(self.peer) as MemberMemory;
  return held.filter(({ model }) => mayEnd(self, model, stock)).reduce((sum, one) => ({
    gpuBytes: sum.gpuBytes + one.gpuBytes,
    memoryBytes: sum.memoryBytes + one.gpuBytes + one.mainBytes,
  }), free);
}

/** One that still loads for a request is wanted until it answers; what is none any more is ending. */
function mayEnd(self: Member, model: ModelRef, stock: Stock): boolean {
  const role = roleIn(stock, self, model);
  if (role !== "sole" && role !== "locked") return role !== "pinned";
  const { host } = partIn(stock, self, model) as Part;
  const isClaimed = host.claims.some((claim) => claim.model === model.name);
  return isClaimed && !isWarm(host, model.name);
}

/**
 * The names that members want and nobody serves or loads, and since when.
 * @param before the same at the last look
 */
export function gapsAmong(
  members: readonly Pick<Member, "wanted" | "instances">[],
  before: ReadonlyMap<string, number>,
  nowMs: number,
): ReadonlyMap<string, number> {
  const served = members.flatMap(({ instances }) => instances.filter(isRunning));
  const gaps = [...new Set(members.flatMap(({ wanted }) => wanted))]
    .filter((name) => !served.some(({ model }) => isNamed(name, model)));
  return new Map(gaps.map((name) => [name, before.get(name) ?? nowMs]));
}
