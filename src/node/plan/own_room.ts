/** Whether this node has memory for its part of a plan. Pure. */

import type { ModelRef, PeerId } from "../../mesh/mod.ts";
import { freeFor } from "./ledger.ts";
import { added, type DeviceBytes, pack, without } from "./packing.ts";
import type { Plan } from "./plan.ts";
import { type Offer, spread } from "./pools.ts";
import { everyone, instanceOf, type Member, type View } from "./view.ts";

/** Of the memory that a plan takes, the part that is this node's own. */
export function ownBytes({ self, others }: View, plan: Plan): number {
  switch (plan.kind) {
    case "solo":
      return plan.needBytes;
    case "host":
      return plan.needBytes * plan.hostShare;
    case "worker": {
      const host = others.find(({ peer }) => peer === plan.host);
      return host ? shareOf(host, plan.model, self.peer) : 0;
    }
    default:
      return 0;
  }
}

function shareOf(host: Member, model: ModelRef, peer: PeerId): number {
  const instance = instanceOf(host, model);
  const share = instance?.workers.find((one) => one.peer === peer)?.share ?? 0;
  return (instance?.needBytes ?? 0) * share;
}

/** Beside all that comes before it. */
export function hasRoom(view: View, plan: Plan): boolean {
  if (!("model" in plan)) return true;
  return freeFor(plan.model, everyone(view)).takes(view.self, ownBytes(view, plan));
}

/** The bytes of a plan on each of these devices, of which it may use all that is offered. */
export function laidOut(bytes: number, kind: Plan["kind"], devices: readonly Offer[]): number[] {
  return kind === "solo" ? pack(bytes, devices) : spread(bytes, devices);
}

/** Memory of this node that its processes have, whatever is planned. */
export interface InUse {
  /** Of those that go on. */
  readonly running: readonly DeviceBytes[];
  /** Of those that are being stopped. */
  readonly ending: readonly DeviceBytes[];
}

/**
 * Whether a plan may begin now: the memory that it is to have once others are gone is free already, so that it does not
 * begin in slower memory because a model that goes still has the faster.
 */
export function mayBegin(
  plan: Plan,
  bytes: number,
  { devices, running, ending }: InUse & { readonly devices: readonly Offer[] },
): boolean {
  const aim = without(devices, added(...running));
  const now = without(aim, added(...ending));
  const parts = laidOut(bytes, plan.kind, aim);
  const missing = bytes - parts.reduce((sum, part) => sum + part, 0);
  return missing < 1 &&
    parts.every((part, index) => Math.floor(part) <= (now[index]?.offeredBytes ?? 0));
}
