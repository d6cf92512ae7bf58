/** The messages between nodes, and the interface of the mesh for the rest of the program. */

import type { ByteStream } from "./byte_stream.ts";
import type { MeshCounters } from "./counters.ts";
import type { Machine } from "./machine.ts";
import type { PeerId } from "./peer_id.ts";
import type { Rate } from "../../base/token_bucket.ts";

export type { PeerId } from "./peer_id.ts";

/** The role that an invite grants. A client opens routes and http only. */
export type MemberRole = "member" | "client";

/** The work of an active node. */
export type ActiveRole = "host" | "worker" | "standby";

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
  /** Tokens that prompt and answer may have together. */
  readonly contextLength: number;
  readonly mode: "solo" | "split";
  readonly state: "loading" | "warm" | "waiting";
  /** Rises with every new assignment of the model; a worker obeys the highest of the host it elects. */
  readonly term: number;
  readonly hostShare: number;
  readonly workers: readonly WorkerShare[];
  readonly needBytes: number;
  /** Memory of the members counted for it: less than `needBytes` while `waiting`. */
  readonly haveBytes: number;
}

/** A worker's answer to an assignment: its rpc-server of that term runs once `ready`. */
export interface Obedience {
  readonly host: PeerId;
  readonly term: number;
  readonly ready: boolean;
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
  /** Names that this node wants the mesh to serve. */
  readonly wanted: readonly string[];
  /** The models whose groups this node belongs to: today it is one at most, as of claims, instances and obediences. */
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
  /** The seeds' TUNNEL_MAP: which local port of this node leads to which peer's rpc-server. */
  readonly tunnelPorts: Readonly<Record<string, number>>;
}

/** An active node's description of itself; for each peer the highest (incarnation, seq) wins. */
export interface Announcement extends AnnouncementContent {
  readonly peer: PeerId;
  readonly addresses: readonly string[];
  /** Milliseconds in buckets that double, of the nearest 32 peers. */
  readonly rttsMs: Readonly<Record<string, number>>;
  readonly incarnation: number;
  readonly seq: number;
}

/** One model's instance as a gateway needs it. */
export interface RouteInstance extends Instance {
  readonly host: PeerId;
}

/** A passive node's knowledge of its mesh. */
export interface RoutingTable {
  /** Changes exactly when the rest of the table does. */
  readonly version: string;
  readonly instances: readonly RouteInstance[];
  readonly wanted: readonly string[];
  /** Models that a node served which was found dead, and may only be out of reach. */
  readonly lost: readonly string[];
  readonly nodes: readonly RouteNode[];
  /** Whoever made it had just come, and did not know the whole mesh. */
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
  readonly memoryBytes: number;
  readonly addresses: readonly string[];
}

/**
 * Events of a mesh. `members` follows any change of what `Mesh.members` returns but for round trips
 * and version numbers, which `measured` follows: nobody plans by another's.
 */
export type MeshEvent =
  | { readonly type: "members" }
  | { readonly type: "measured" }
  | {
    readonly type: "peer";
    readonly peer: PeerId;
    readonly name: string;
    readonly change: "joined" | "left" | "died";
  }
  | { readonly type: "routes" }
  /** A client asks for a model that nobody serves: what comes of it is in the table that answers it. */
  | { readonly type: "asked"; readonly model: string };

export interface RefreshOptions {
  readonly force?: boolean;
  /** A model that nobody serves, for the member that is asked to see to; where it can, the table lists it as wanted. */
  readonly wanting?: string | undefined;
  readonly signal?: AbortSignal;
}

export interface InviteOptions {
  readonly role: MemberRole;
  readonly name?: string;
  readonly mayInvite?: boolean;
  /** Epoch milliseconds; by default as long as this node's own membership. */
  readonly expiresAt?: number;
}

/** An invite that this node made, or that was made from one of its own and is in use. */
export interface InviteStatus {
  /** Names it in a revocation. */
  readonly id: string;
  readonly role: MemberRole;
  readonly name: string | null;
  readonly mayInvite: boolean;
  readonly expiresAt: number | null;
  readonly state: "valid" | "expired" | "revoked";
  /** Epoch milliseconds; `null` for one that another node made. */
  readonly createdAt: number | null;
  /** Nodes that are here by it now, directly or through further invites; of clients, those connected to this node. */
  readonly usedBy: readonly PeerId[];
}

export interface OpenOptions {
  readonly signal?: AbortSignal;
  /**
   * The stream is there before the peer has agreed to its protocol, which saves a round trip. If the peer does not
   * agree, reading throws `NotAgreedError`.
   * @default {false}
   */
  readonly optimistic?: boolean;
}

/** A peer that has proven its membership, as a protocol handler sees it. */
export interface AdmittedPeer {
  readonly id: PeerId;
  readonly role: MemberRole;
}

export interface HandleOptions {
  /** Roles that may open the protocol; others are reset. */
  readonly roles: readonly MemberRole[];
  /** Streams of this protocol that one connection may have open. */
  readonly maxStreams: number;
  /** At which one peer may open them; beyond it they are reset. @default {STREAM_RATE} */
  readonly rate?: Rate;
}

export type StreamHandler = (stream: ByteStream, peer: AdmittedPeer) => Promise<void>;

/**
 * The members of the mesh and which of them are alive. Starts once and never restarts: a change of role is a new
 * announcement, and a member that becomes passive keeps its identity, its addresses and its streams.
 */
export interface Mesh {
  readonly self: PeerId;
  readonly meshId: string;
  readonly role: MemberRole;
  readonly mayInvite: boolean;
  /** A client, or a member that stands by: in nobody's list of members, and it lives by the routing table. */
  readonly passive: boolean;
  /** Leaves the gossip with a goodbye; what is announced from now on is said when it is joined again. Members only. */
  standBy(): Promise<void>;
  /** Joins the gossip again; members are known a round trip later. Does nothing for who is active. */
  rejoin(): Promise<void>;
  /** This node's own addresses with `/p2p/`, reachable ones first. */
  addresses(): readonly string[];
  /** Living active members without this node, in the order of their PeerIds. */
  members(): readonly Announcement[];
  /**
   * Round trip to a peer in milliseconds for plans: the upper end of a bucket, which drift does not change. `undefined`
   * until measured.
   */
  rttMs(peer: PeerId): number | undefined;
  /** The same for people: as it was measured. */
  measuredRttMs(peer: PeerId): number | undefined;
  /** The models and instances that this node knows: from its members, or from the cached table of a passive node. */
  routes(): RoutingTable;
  /**
   * A passive node fetches the table when it is old or `force` is set; an active node returns its own, and lets one wait
   * for it while it has just come and others may know more.
   */
  refreshRoutes(options: RefreshOptions): Promise<RoutingTable>;
  /** Passive peers, clients for the most part, that are connected at this moment. */
  clientsConnected(): number;
  /** Replaces what this node says of itself; equal content is not sent again. Members only. */
  announce(content: AnnouncementContent): void;
  /** Peers of this node's split: heartbeat every 2 s instead of 60. */
  watchClosely(peers: readonly PeerId[]): void;
  /** A use of the peer failed: one direct probe decides whether it is dead. */
  suspect(peer: PeerId, reason: string): void;
  subscribe(listener: (event: MeshEvent) => void): () => void;
  /** @throws {NotAllowedError} where this node's own grant does not cover it. */
  invite(options: InviteOptions): Promise<string>;
  /** The member's invite that stays the same until it is revoked; `null` where this node may not invite. */
  defaultInvite(): Promise<string | null>;
  invites(): readonly InviteStatus[];
  /**
   * Ends an invite and the membership of every node that joined by it, now and wherever they are connected.
   * @throws {UnknownInviteError | NotAllowedError}
   */
  revoke(id: string): Promise<void>;
  /** This node's refusals so far. */
  counters(): MeshCounters;
  /** Resolves with the reason if this node's membership ends while it runs: it has to stop. */
  readonly ended: Promise<string>;
  /** Opens a stream after mutual admission. @throws when the peer can't be reached or refuses. */
  open(peer: PeerId, protocol: string, options?: OpenOptions): Promise<ByteStream>;
  handle(protocol: string, options: HandleOptions, handler: StreamHandler): void;
  /** Says goodbye, closes every connection, stops libp2p. Safe to call twice. */
  stop(): Promise<void>;
}
