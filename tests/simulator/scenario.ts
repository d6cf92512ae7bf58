/** The start of a simulation, its faults, and its invariants. */

import type { Random } from "./random.ts";
import type { World } from "./world.ts";

export interface SimModel {
  readonly name: string;
  readonly fingerprint: string;
  readonly sizeBytes: number;
}

/** A GPU with memory of its own, or main memory, which is the last one of a machine. */
export interface SimDevice {
  readonly name: string;
  readonly kind: "discrete" | "cpu";
  readonly offeredBytes: number;
}

export interface NodeSetup {
  /** Of all devices together. */
  readonly memoryBytes: number;
  /** Main memory alone unless said. */
  readonly devices?: readonly SimDevice[];
  /** How long its processes hold their memory after they were told to end. @default {0} */
  readonly endMs?: number;
  /** On its disk. */
  readonly models: readonly SimModel[];
  /** The model that its command line names. */
  readonly told: SimModel | null;
  /** Further ones, as far as they fit beside it. */
  readonly alsoTold?: readonly SimModel[];
  /** Names that it wants of the mesh; what it was told unless said. */
  readonly wanted?: readonly string[];
  /** For downloads; none unless said. */
  readonly roomBytes?: number;
  readonly split: boolean;
  /** Announces itself and plans nothing. */
  readonly idle?: boolean;
  /** How wrong the machine's clock is. */
  readonly skewMs: number;
  readonly startsAtMs: number;
  /** Nodes whose addresses its token holds. */
  readonly token: readonly number[];
}

export interface Fault {
  readonly atMs: number;
  readonly name: string;
  apply(world: World): void;
}

export interface Setup {
  readonly nodes: readonly NodeSetup[];
  readonly faults: readonly Fault[];
  /** By then everybody knows everybody, which is checked; nothing goes wrong before. */
  readonly joinedAtMs: number;
  /** The models that anybody may download. */
  readonly catalog?: readonly SimModel[];
  /** The last fault is over: from then on nothing goes wrong any more. */
  readonly quietAtMs: number;
}

/** A rule that holds once views, and once plans, had their time, and five minutes later; reports the fault. */
export interface Invariant {
  readonly name: string;
  readonly when: "view" | "plan" | "rest";
  check(world: World): string | undefined;
}

export interface Scenario {
  readonly name: string;
  setup(random: Random, size: number): Setup;
  readonly invariants: readonly Invariant[];
  /** From true views to what plans have made of them, where that must be quicker than a split loads. */
  readonly planMs?: number;
}
