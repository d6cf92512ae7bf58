/** A passive node's knowledge of its mesh. */

import type { ModelAlias } from "../../base/model_aliases.ts";
import type { ClaimReason, HeldMemory, Instance, ModelFailure, ModelRef } from "./announcement.ts";
import type { Machine } from "./machine.ts";
import type { PeerId } from "./peer_id.ts";
import type { ActiveRole } from "./roles.ts";

/** One model's instance as a gateway needs it. */
export interface RouteInstance extends Instance {
  readonly host: PeerId;
}

/** A model on disks of the mesh that one of their machines could hold alone. */
export interface RouteFile extends ModelRef {
  readonly sizeBytes: number;
  /** A request makes one of these machines load it: not all of their owners have switched that off. */
  readonly onRequest: boolean;
}

/**
 * A passive node's knowledge of its mesh. Its lists name models by their ids (`src/base/model_ids.ts`), as far as the
 * node that made it tells models of one name apart.
 */
export interface RoutingTable {
  /** Changes exactly when the rest of the table does. */
  readonly version: string;
  readonly instances: readonly RouteInstance[];
  readonly wanted: readonly string[];
  /** Those of them that only requests ask for. @default {[]} */
  readonly asked?: readonly string[];
  /** In the order of their names; a table of an earlier version tells of none. @default {[]} */
  readonly files?: readonly RouteFile[];
  /** Models that a node served which was found dead, and may only be out of reach. */
  readonly lost: readonly string[];
  readonly nodes: readonly RouteNode[];
  /** Models on disks of the mesh that share their names with others of different content. */
  readonly namesakes: readonly ModelRef[];
  /** The node that made it had just joined, and did not know the whole mesh. */
  readonly partial: boolean;
}

/** A model whose group a node belongs to. */
export interface RouteTarget {
  readonly model: string;
  /** Why it serves the model: its user wants that, or the mesh needs it. `null` where the node doesn't say. */
  readonly why: ClaimReason | "told" | null;
}

export interface RouteNode {
  readonly peer: PeerId;
  readonly machine: Machine;
  readonly role: ActiveRole;
  readonly targets: readonly RouteTarget[];
  /** Models that it takes because the mesh needs them, which may be long before it serves them. */
  readonly claims: readonly string[];
  readonly failures: readonly ModelFailure[];
  readonly dropped: readonly string[];
  /** Wanted models that it could serve alone, from its disk; `null` of a node that an earlier version describes. */
  readonly holds: readonly string[] | null;
  /** Wanted models that it loads once others have had their turn with its memory; a node of an earlier version says none. */
  readonly turns?: readonly string[];
  /** Further names of models on its disk; a node of an earlier version says none. */
  readonly aliases: readonly ModelAlias[];
  readonly memoryBytes: number;
  /** The memory of its devices that each of its models holds; nothing of a node of an earlier version. */
  readonly reservations: readonly HeldMemory[];
  readonly addresses: readonly string[];
}
