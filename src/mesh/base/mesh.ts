/** The interface of the mesh for the rest of the program. */

import type { Announcement, AnnouncementContent } from "./announcement.ts";
import type { ByteStream } from "./byte_stream.ts";
import type { LanView } from "./lan.ts";
import type { PortMappingView } from "./port_mapping.ts";
import type { MeshCounters } from "./counters.ts";
import type { Pairing } from "./pairing.ts";
import type { PeerId } from "./peer_id.ts";
import type { PeerWay } from "./peer_way.ts";
import type { Rate } from "../../base/token_bucket.ts";
import type { MemberRole } from "./roles.ts";
import type { RoutingTable } from "./table.ts";

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
  | { readonly type: "lan" }
  | { readonly type: "portMapping" }
  | { readonly type: "relays" }
  /** `Mesh.pairing` has another state. */
  | { readonly type: "pairing" }
  /** A client asks for a model that nobody serves: what comes of it is in the table that answers it. */
  | (
    & { readonly type: "asked"; readonly model: string }
    & Pick<RefreshOptions, "granted" | "forMs">
  );

/** By TLS on TCP, or over the connection itself. */
export type StreamWay = "tcp" | "quic";

export interface RefreshOptions {
  readonly force?: boolean;
  /** A model that nobody serves, for the member that is asked to see to; where it can, the table lists it as wanted. */
  readonly wanting?: string | undefined;
  /** The models that the caller's key names, for the member to check again. @default {all} */
  readonly granted?: readonly string[] | undefined;
  /** The model is wanted so long, unless it is named again. @default {as long as a load may take} */
  readonly forMs?: number | undefined;
  /** The member that is asked waits so long, a second at most, for a table that this node does not have. @default {0} */
  readonly waitMs?: number | undefined;
  readonly signal?: AbortSignal;
}

export interface InviteOptions {
  readonly role: MemberRole;
  readonly name?: string;
  /** Whether who joins by it may invite others. @default {a member's invite from the founder's node may} */
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

/** A relay of the mesh. */
export interface RelayView {
  readonly peer: PeerId;
  /** In the words of who has added it, while this node is connected to it. */
  readonly name: string | null;
  readonly addresses: readonly string[];
  readonly connected: boolean;
}

export interface NamedMachine {
  readonly id: PeerId;
  /** In its own words; `null` where they are not known. */
  readonly name: string | null;
}

/** The removal of one machine, before or after it. */
export interface MachineRemoval {
  readonly machine: NamedMachine;
  /** Machines that came by its invites, or by the same one, and are certified anew. */
  readonly stays: readonly NamedMachine[];
  /** Those that are away, and have to be invited again. */
  readonly lost: readonly NamedMachine[];
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
  /** Streams of this protocol that one connection may have open. */
  readonly maxStreams: number;
  /** At which one peer may open them; beyond it they are reset. @default {STREAM_RATE} */
  readonly rate?: Rate;
}

export type StreamHandler = (stream: ByteStream, peer: AdmittedPeer) => Promise<void>;

/**
 * The members of the mesh and which of them are alive. A change of role is a new announcement, and a member that becomes
 * passive keeps its identity, its addresses and its streams. A node that moves into another mesh while it runs keeps its
 * identity, and those who use this interface keep it.
 */
export interface Mesh {
  readonly self: PeerId;
  readonly meshId: string;
  readonly role: MemberRole;
  readonly mayInvite: boolean;
  /** Machines of the local network join by a code, this one too. */
  readonly pairing: Pairing;
  /** A client or a relay, or a member that stands by: in nobody's list of members. */
  readonly passive: boolean;
  /** Leaves the gossip with a goodbye; what is announced from now on is said when it is joined again. Members only. */
  standBy(): Promise<void>;
  /** Joins the gossip again; members are known a round trip later. Does nothing for who is active. */
  rejoin(): Promise<void>;
  /** This node's own addresses with `/p2p/`, reachable ones first. */
  addresses(): readonly string[];
  /** The machines on the local network that were found there. */
  lan(): LanView;
  /** The way through this network's router. */
  portMapping(): PortMappingView;
  /** Living active members without this node, in the order of their PeerIds. */
  members(): readonly Announcement[];
  /**
   * Round trip to a peer in milliseconds for plans: the upper end of a bucket, which drift does not change. `undefined`
   * until measured.
   */
  rttMs(peer: PeerId): number | undefined;
  /** The same for people: as it was measured. */
  measuredRttMs(peer: PeerId): number | undefined;
  /** How each peer is reached now, by the connection in use; `undefined` without one. */
  reachedBy(): (peer: PeerId) => PeerWay | undefined;
  /** How the last RPC or file stream to or from the peer went; `undefined` where none has on the connection in use. */
  streamWay(peer: PeerId): StreamWay | undefined;
  /** The models and instances that this node knows: from its members, or from the cached table of a passive node. */
  routes(): RoutingTable;
  /**
   * A passive node fetches the table when it is old or `force` is set; an active node returns its own, and lets one wait
   * for it while it has just come and others may know more.
   */
  refreshRoutes(options: RefreshOptions): Promise<RoutingTable>;
  /** Passive peers without relays, clients for the most part, that are connected at this moment. */
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
  /**
   * Tells the outcome of removing a machine, which is named by its PeerId or its own name.
   * @throws {NotAllowedError | UnknownMachineError}
   */
  removalOf(machine: string): Promise<MachineRemoval>;
  /**
   * Ends one machine's membership, with its invites, and of nobody else who is here: those who came by its invites are
   * certified anew first. @throws {NotAllowedError | UnknownMachineError}
   */
  remove(machine: string): Promise<MachineRemoval>;
  /**
   * Takes a relay in by the claim that it has printed: it carries for this mesh from then on.
   * @throws {InvalidTokenError | NotAllowedError | RefusedError | UnreachableError}
   */
  addRelay(claim: string, name?: string): Promise<RelayView>;
  /** Ends a relay's membership. @throws {NotAllowedError | UnknownMachineError} */
  removeRelay(peer: PeerId): Promise<void>;
  relays(): readonly RelayView[];
  /** This node's refusals so far. */
  counters(): MeshCounters;
  /** Resolves with the reason if this node's membership ends while it runs: it has to stop. */
  readonly ended: Promise<string>;
  /** Opens a stream after mutual admission. @throws when the peer can't be reached or refuses. */
  open(peer: PeerId, protocol: string, options?: OpenOptions): Promise<ByteStream>;
  /** Answers a protocol that this node's role has a part in, to the roles that may open it: `PROTOCOLS`. */
  handle(protocol: string, options: HandleOptions, handler: StreamHandler): void;
  /** Says goodbye, closes every connection, stops libp2p. Safe to call twice. */
  stop(): Promise<void>;
}
