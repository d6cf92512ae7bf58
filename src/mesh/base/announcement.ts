/** The description that a node gives of itself. */

import type { ModelAlias } from "../../base/model_aliases.ts";
import type { Machine } from "./machine.ts";
import type { PeerId } from "./peer_id.ts";
import type { ActiveRole } from "./roles.ts";

/** A complete model file on a node's disk. */
export interface ModelOnDisk {
  readonly name: string;
  readonly sizeBytes: number;
  /** SHA-256 (hex) of the GGUF header and the size: docs/architecture.md. */
  readonly fingerprint: string;
  /** Memory that serving it takes, at the announcing node's context length. */
  readonly needBytes: number;
}

/** A model by name and content. Two fingerprints of one name are two models. */
export interface ModelRef {
  readonly name: string;
  readonly fingerprint: string;
}

export interface WorkerShare {
  readonly peer: PeerId;
  /** Fraction of the layers, 0 to 1. */
  readonly share: number;
}

/** A host's description of the instance that it runs; in a split it is also the assignment that its workers obey. */
export interface Instance {
  readonly model: ModelRef;
  readonly sizeBytes: number;
  /** Tokens that prompt and answer may have together, of each request. */
  readonly contextLength: number;
  /** Requests that it answers at one time; a host of an earlier version does not say it. */
  readonly slots?: number;
  readonly mode: "solo" | "split";
  readonly state: "loading" | "warm" | "waiting";
  /** Rises with every new assignment of the model; a worker obeys the highest of the host it elects. */
  readonly term: number;
  readonly hostShare: number;
  readonly workers: readonly WorkerShare[];
  readonly needBytes: number;
  /** Memory of the members counted for it: less than `needBytes` while `waiting`. */
  readonly haveBytes: number;
  /** Which local port of the host leads to which worker's rpc-server of this split: the seeds' TUNNEL_MAP. */
  readonly tunnelPorts?: Readonly<Record<string, number>>;
  /** When it was last asked for, in whole minutes as milliseconds since the epoch; absent where it never was. */
  readonly askedAtMs?: number;
}

/** A worker's answer to an assignment: its rpc-server of that term runs once `ready`. */
export interface Obedience {
  readonly host: PeerId;
  readonly term: number;
  readonly ready: boolean;
  /** A worker of an earlier version does not say it: it works in a single split. */
  readonly model?: ModelRef;
}

/** Memory that a node's own processes take for one model, which says more than what is planned for it. */
export interface HeldMemory {
  readonly model: ModelRef;
  readonly devices: readonly HeldOnDevice[];
}

export interface HeldOnDevice {
  readonly name: string;
  readonly bytes: number;
  /** The part of it that the model does without where another needs it: plans count it as free. */
  readonly spareBytes?: number;
}

/** A model that a node takes because the mesh needs it, announced before it is loaded. */
export interface Claim {
  /** By name: a model that is still to be downloaded has no fingerprint. */
  readonly model: string;
  readonly reason: ClaimReason;
}

export type ClaimReason = "memory" | "unserved" | "download" | "room" | "hot" | "spare" | "split";

/** A model that a node failed to serve, or to lend its memory to. It may try again. */
export interface ModelFailure {
  readonly model: string;
  /** For people, in the words of what has failed. */
  readonly reason: string;
}

/** The part of an announcement that the node decides; mesh adds identity, version numbers and RTTs. */
export interface AnnouncementContent {
  readonly machine: Machine;
  readonly role: ActiveRole;
  readonly memoryBytes: number;
  /** At most 200. */
  readonly models: readonly ModelOnDisk[];
  /** Further names of models on its disk; a node of an earlier version says none. */
  readonly aliases: readonly ModelAlias[];
  /** Names that this node wants the mesh to serve. */
  readonly wanted: readonly string[];
  /** Those of them that only requests ask for. A node of an earlier version does not tell them apart. @default {[]} */
  readonly asked?: readonly string[];
  /** Names of wanted models that this node loads once others have had their turn with its memory. @default [] */
  readonly turns?: readonly string[];
  /** The models whose groups this node belongs to, in order of priority. */
  readonly targets: readonly ModelRef[];
  readonly split: boolean;
  /** Proportions that this node's user gives a split of its model, host first. */
  readonly tensorSplit: readonly number[] | null;
  /** The mesh decides what this node serves: its user named no model. */
  readonly assignable: boolean;
  /** The models that an assignable node takes or has taken, and why. */
  readonly claims: readonly Claim[];
  /** Names that this node will not serve. */
  readonly refuses: readonly string[];
  /** Those of them that its user has dropped. */
  readonly dropped: readonly string[];
  /** Models that it can't serve though it should. */
  readonly failures: readonly ModelFailure[];
  /** Bytes of models that this node would download now. */
  readonly downloadBytes: number;
  /** By model: requests that its instance here answers at one time, on average, in powers of two. */
  readonly demand: Readonly<Record<string, number>>;
  readonly instances: readonly Instance[];
  readonly obeys: readonly Obedience[];
  /** By model, also of one that is being stopped; a node of an earlier version says nothing of it. */
  readonly reservations: readonly HeldMemory[];
}

/** A relay of the mesh, and where it is dialled. */
export interface RelayPlace {
  readonly peer: PeerId;
  readonly addresses: readonly string[];
}

/** An active node's description of itself; for each peer the highest (incarnation, seq) wins. */
export interface Announcement extends AnnouncementContent {
  readonly peer: PeerId;
  readonly addresses: readonly string[];
  /** Those that it is connected to. A node of an earlier version knows none. @default {[]} */
  readonly relays?: readonly RelayPlace[];
  /** Milliseconds in buckets that double, of the nearest 32 peers. */
  readonly rttsMs: Readonly<Record<string, number>>;
  readonly incarnation: number;
  readonly seq: number;
}
