import type { Logger } from "@logtape/logtape";
import type { InterfaceAddress } from "./base/addresses.ts";
import type { ByteStream } from "./base/byte_stream.ts";
import type { MeshConfig } from "./base/config.ts";
import type { OpenLanSocket } from "./lan/lan_socket.ts";
import type { FindRouter } from "./mapping/mod.ts";
import type { Link } from "./trust/capability.ts";
import type { Clock } from "./base/clock.ts";
import type { Counters } from "./base/counters.ts";
import type { Identity } from "./trust/identity.ts";
import type { PresentPeer } from "./trust/invite_book.ts";
import type { JoinedPeer } from "./link/joined_peer.ts";
import type { NetworkStream, PeerConnection } from "./link/network.ts";
import type { PeerNetwork } from "./link/peer_network.ts";
import type { LateReach } from "./reach/mod.ts";
import type { Trust } from "./trust/trust.ts";
import type { AnnouncementContent, RelayPlace } from "./base/announcement.ts";
import type { MemberRole } from "./base/roles.ts";
import type { Mesh, MeshEvent, OpenOptions } from "./base/mesh.ts";
import type { PeerId } from "./base/peer_id.ts";
import type { RoutingTable } from "./base/table.ts";

/** The parts of a node of a mesh. */
export interface MeshParts {
  readonly config: MeshConfig;
  readonly identity: Identity;
  readonly network: PeerNetwork;
  readonly trust: Trust;
  readonly counters: Counters;
  readonly role: MemberRole;
  /** Of this machine. */
  readonly name: string;
  /** A member that has not joined the gossip yet; clients never do. */
  readonly passive: boolean;
  /** UDP; `null` before it listens, and for a node that only dials. */
  readonly port: () => number | null;
  readonly clock: Clock;
  readonly random: () => number;
  readonly interfaces: () => readonly InterfaceAddress[];
  /** `null` where the local network is left alone. */
  readonly openLan: OpenLanSocket | null;
  /** The ways to ask a router for a port; none where routers are left alone. */
  readonly routerFinders: readonly FindRouter[];
  readonly reach: Pick<LateReach, "ways" | "hasNewPorts" | "refresh">;
  readonly logger: Logger;
}

/** The parts that a mode gets from its node. */
export interface ModeParts
  extends
    Omit<MeshParts, "port" | "interfaces" | "passive" | "openLan" | "routerFinders" | "reach"> {
  readonly self: PeerId;
  /** This node's own. */
  addresses(): readonly string[];
  /** Relays that this node is connected to. */
  relays(): readonly RelayPlace[];
  /** Whether ways to other peers go over this one, or may have to. */
  isCarrier(peer: PeerId): boolean;
  /** Peers of the token and of the last time, to start from. */
  stored(): ReadonlyMap<PeerId, readonly string[]>;
  /** Addresses at which a peer was heard on the local network. */
  nearby(peer: PeerId): readonly string[];
  /** Keeps the addresses of these peers for the next start. */
  remember(peers: readonly PeerId[], addressesOf: (peer: PeerId) => readonly string[]): void;
  emit(event: MeshEvent): void;
}

/** One way to belong to a mesh: in the gossip, or by the routing table. */
export interface MeshMode extends
  Pick<
    Mesh,
    | "members"
    | "rttMs"
    | "measuredRttMs"
    | "routes"
    | "refreshRoutes"
    | "watchClosely"
    | "suspect"
  > {
  readonly passive: boolean;
  start(): void;
  announce(content: AnnouncementContent): void;
  /** The answer to a peer that requests the table. */
  tellRoutes(): Promise<RoutingTable>;
  open(peer: PeerId, protocol: string, options: OpenOptions): Promise<ByteStream>;

  /** The addresses on which a peer listens, as far as this node knows, the best first. */
  addressesOf(peer: PeerId): readonly string[];
  /** Living members and the chains by which they joined. */
  knownMembers(): readonly PresentPeer[];
  /** Peers beside this node that a new one may dial. */
  livingPeers(): readonly PeerId[];
  /** Forgets members whose membership is over; answers with who they are. */
  forget(is: (peer: PeerId, links: readonly Link[]) => boolean): readonly PeerId[];

  /** Peers of this mesh were heard on the local network. */
  found(peers: readonly PeerId[]): void;
  /** This node is connected to other relays than before. */
  relaysChanged(): void;
  /** This node signs with other certificates from now on. */
  renewed(): void;

  admitted(connection: PeerConnection, peer: JoinedPeer): void;
  closed(peer: JoinedPeer): void;
  superseded(connection: PeerConnection): void;
  /** A member wants to gossip on a connection that it has dialled. */
  gossip(stream: NetworkStream, connection: PeerConnection): Promise<void>;

  /** Ends everything of its own; the network goes on. */
  finish(): Promise<void>;
}
