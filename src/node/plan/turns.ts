/** Models that need the same memory take turns: when one that runs gives way to one that is asked for. Pure. */

import { isNamed } from "../../base/model_ids.ts";
import type { ModelRef } from "../../mesh/mod.ts";
import type { MemberMemory } from "./assignment/memory.ts";
import { isRunning, isWarm } from "./assignment/running.ts";
import { roleIn, type Stock } from "./assignment/stock.ts";
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
 * The models that are wanted, and that this member can load once something that it serves, and that no user insists on,
 * has had its turn.
 */
export function turnsAt(self: Member, stock: Stock): string[] {
  const { free, held } = stock.memory.get(self.peer) as MemberMemory;
  const gaps = stock.wanted.filter((name) => !stock.providers.has(name));
  if (gaps.length === 0) return [];
  const bytes = held.filter(({ model }) => mayEnd(self, model, stock))
    .reduce((sum, { gpuBytes, mainBytes }) => sum + gpuBytes + mainBytes, free.memoryBytes);
  const comesLater = new Set(
    self.models.filter(({ needBytes }) => needBytes > free.memoryBytes && needBytes <= bytes)
      .map(({ name }) => name),
  );
  return gaps.filter((name) => comesLater.has(name) && !self.refuses.includes(name));
}

/** One that still loads for a request is wanted until it answers. */
function mayEnd(self: Member, model: ModelRef, stock: Stock): boolean {
  const role = roleIn(stock, self, model);
  if (role === "spare") return true;
  const isClaimed = self.claims.some((claim) => claim.model === model.name);
  return role === "sole" && isClaimed && !isWarm(self, model.name);
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
