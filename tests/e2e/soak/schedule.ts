/** The faults of a soak and their times. Pure: a seed makes the same schedule every time. */

import { Random } from "../../simulator/random.ts";

/** A node as the soak sees it. */
export interface Actor {
  readonly name: string;
  /** It has llama.cpp. */
  readonly serves: boolean;
  /** The model that its user has named; without one the mesh says what it does. */
  readonly model: string | null;
}

export interface SoakOptions {
  readonly seed: number;
  readonly lengthMs: number;
  readonly actors: readonly Actor[];
  readonly models: readonly string[];
  /** Data directories can be filled up here. @default {true} */
  readonly fillsDisks?: boolean;
}

/**
 * `kill` and `restart` end the node and start it again, the one by SIGKILL, the other in good order; `pause` stops its
 * process, `crash` kills its llama.cpp, `freeze` stops that; `fill` leaves no room on its disk and kills its
 * llama.cpp; `drop` and `switch` are its user's; `restart-all` ends all nodes at once.
 */
export type FaultKind =
  | "kill"
  | "restart"
  | "pause"
  | "crash"
  | "freeze"
  | "fill"
  | "drop"
  | "switch"
  | "restart-all";

export interface Fault {
  readonly kind: FaultKind;
  /** The node, `null` for all of them. */
  readonly actor: string | null;
  /** From the start of the soak. */
  readonly atMs: number;
  /** Until all is as before, apart from what that takes. */
  readonly forMs: number;
  /** The model that a `switch` serves instead. */
  readonly model: string | null;
}

/** Between the beginnings of two faults: so close that they meet, so far that there is time for answers. */
const GAP_MS = [1_000, 5_000] as const;

/** How long one lasts: shorter than anything is noticed, to longer than a dead node takes to be found. */
const LASTS_MS = [200, 12_000] as const;

/** A node that has come back serves for a moment before the next thing happens to it. */
const REST_MS = 4_000;

/** Of faults, those that hit all nodes at once. */
const ALL_SHARE = 1 / 12;

const ANY_NODE: readonly FaultKind[] = ["kill", "restart", "pause"];
const ANY_SERVER: readonly FaultKind[] = ["crash", "freeze", "fill"];
const ANY_USER: readonly FaultKind[] = ["drop", "switch"];

export function scheduleOf(options: SoakOptions): Fault[] {
  const { seed, lengthMs, actors } = options;
  const random = new Random(seed);
  const freeAtMs = new Map(actors.map(({ name }) => [name, 0]));
  const faults: Fault[] = [];
  for (let atMs = 0;;) {
    const isForAll = random.chance(ALL_SHARE);
    atMs += Math.round(random.between(...GAP_MS));
    if (isForAll) atMs = Math.max(atMs, ...freeAtMs.values());
    const forMs = isForAll ? 0 : Math.round(random.between(...LASTS_MS));
    if (atMs + forMs >= lengthMs) return faults;
    const free = actors.filter(({ name }) => (freeAtMs.get(name) ?? 0) <= atMs);
    const fault = isForAll
      ? { kind: "restart-all", actor: null, atMs, forMs, model: null } as const
      : faultFor(free, random, { ...options, atMs, forMs });
    if (fault === null) continue;
    faults.push(fault);
    const hit = fault.actor === null ? actors : actors.filter(({ name }) => name === fault.actor);
    for (const { name } of hit) freeAtMs.set(name, atMs + fault.forMs + REST_MS);
  }
}

type Moment = SoakOptions & Pick<Fault, "atMs" | "forMs">;

function faultFor(free: readonly Actor[], random: Random, moment: Moment): Fault | null {
  const { models, atMs, forMs, fillsDisks = true } = moment;
  if (free.length === 0) return null;
  const actor = random.pick(free);
  const kinds = [
    ...ANY_NODE,
    ...(actor.serves ? ANY_SERVER : []),
    ...(actor.model === null ? [] : ANY_USER),
  ].filter((kind) => fillsDisks || kind !== "fill");
  const kind = random.pick(kinds);
  const others = models.filter((model) => model !== actor.model);
  const model = kind === "switch" ? random.pick(others) : null;
  return { kind, actor: actor.name, atMs, forMs, model };
}

export function describeFault({ kind, actor, atMs, forMs, model }: Fault): string {
  const whom = actor ?? "all nodes";
  const to = model === null ? "" : ` to ${model}`;
  return `${seconds(atMs)}: ${kind}${to}, ${whom}, for ${seconds(forMs)}`;
}

export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
