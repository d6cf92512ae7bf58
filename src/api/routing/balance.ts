import { LOAD_SLACK } from "../base/defaults.ts";
import type { GatewayInstance } from "../base/types.ts";

/** The work that an instance has. */
export interface Load {
  /** Requests that run or wait. */
  readonly active: number;
  /** Requests that it answers at a time. */
  readonly slots: number;
}

/**
 * The order in which the instances are asked: a conversation's own order (see `rendezvousOrder`), but those that
 * have more than {@linkcode LOAD_SLACK} of their part of all requests come last. Pure.
 */
export function balanced(
  inOrder: readonly GatewayInstance[],
  loadOf: (instance: GatewayInstance) => Load,
): readonly GatewayInstance[] {
  if (inOrder.length < 2) return inOrder;
  const loads = new Map(inOrder.map((instance) => [instance, loadOf(instance)]));
  const sum = (of: (load: Load) => number) => loads.values().reduce((n, load) => n + of(load), 0);
  // The request itself counts, so that an idle mesh has room, and never all instances are full.
  const perSlot = (sum(({ active }) => active) + 1) / sum(({ slots }) => slots);
  const hasRoom = (instance: GatewayInstance) => {
    const { active, slots } = loads.get(instance)!;
    return active < Math.ceil(LOAD_SLACK * perSlot * slots);
  };
  return [...inOrder.filter(hasRoom), ...inOrder.filter((instance) => !hasRoom(instance))];
}

/** An instance's report with an answer. */
export interface LoadReport extends Load {
  /** How long the request waited there for a slot. */
  readonly waitedMs: number;
}

/** An instance's report of its load, with each answer. It stays between nodes: the gateway keeps it from callers. */
export const LOAD_HEADER = "x-mesh-load";

export function formatLoad({ active, slots, waitedMs }: LoadReport): string {
  return `active=${active}; slots=${slots}; waited=${Math.round(waitedMs)}`;
}

/** `null` for anything but a sane report: it comes from a peer. */
export function parseLoad(header: string | null): LoadReport | null {
  const match = /^active=(\d{1,6}); slots=(\d{1,6}); waited=(\d{1,9})$/.exec(header ?? "");
  const [active = 0, slots = 0, waitedMs = 0] = match?.slice(1).map(Number) ?? [];
  return slots === 0 ? null : { active, slots, waitedMs };
}
