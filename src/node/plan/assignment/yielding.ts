/** Memory that a machine needs for what its user wants first, and that what it hosts has so far. Pure. */

import type { ModelRef } from "../../../mesh/mod.ts";
import type { Reservation } from "../ledger.ts";
import { beforeIn, rightOf } from "../rights.ts";
import { instanceOf, type Member } from "../view.ts";
import type { Item } from "./places.ts";

/**
 * The models in the memory of the member that yield to one which the users of these machines want more: those machines host
 * them, end them for it anyway, and plan with that memory, their own and what others lend them.
 */
export function yieldingTo(
  member: Member,
  held: readonly Reservation[],
  { model, group }: { readonly model: ModelRef; readonly group: readonly Member[] },
): Item[] {
  const yields = (other: ModelRef) =>
    group.some((host) => isIn(member, host, other) && isBefore(model, other, host));
  return held.filter((one) => yields(one.model)).map(({ model, gpuBytes, mainBytes }): Item => {
    const pools = { gpuBytes, memoryBytes: gpuBytes + mainBytes };
    return { name: model.name, model, reason: null, pools, kind: "spare" };
  });
}

function isIn({ peer }: Member, host: Member, model: ModelRef): boolean {
  const instance = instanceOf(host, model);
  return instance !== undefined &&
    (host.peer === peer || instance.workers.some((worker) => worker.peer === peer));
}

function isBefore(model: ModelRef, other: ModelRef, host: Member): boolean {
  const wanted = rightOf(host, { model, host: host.peer, state: "planned" });
  return beforeIn(wanted, rightOf(host, { model: other, host: host.peer, state: "warm" }));
}
