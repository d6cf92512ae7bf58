import type { EntropyMessage } from "./gossip_messages.ts";
import type { MeshRecord } from "./record.ts";
import type { PeerId } from "../base/peer_id.ts";

/** The view of connections that membership needs. */
export interface PeerLinks {
  /** Whether an admitted connection to the peer is open. */
  isConnected(peer: PeerId): boolean;
  /** Members with an admitted connection at this moment. */
  connectedMembers(): ReadonlySet<PeerId>;
  /** Resolves with a connection to the peer, the one there is or a new one, once it has been admitted. */
  connect(request: LinkRequest): Promise<unknown>;
  /** A new connection beside those there are: its handshake is all that is waited for. */
  handshake(request: LinkRequest): Promise<unknown>;
  disconnect(peer: PeerId, reason: Error): void;
  /** Whether nothing but gossip uses the connection to the peer. */
  isIdle(peer: PeerId): boolean;
}

export interface LinkRequest {
  readonly peer: PeerId;
  /** In the order in which they are tried. */
  readonly addresses: readonly string[];
  readonly signal: AbortSignal;
}

/** The messages that membership sends over the gossip links, one a peer. */
export interface GossipLinks {
  /** Peers that have a link. */
  peers(): readonly PeerId[];
  send(peer: PeerId, records: Iterable<MeshRecord>): void;
  /** Sends a ping where there is a link; `answered` follows if the peer lives. */
  ping(peer: PeerId): boolean;
  tell(peer: PeerId, message: EntropyMessage): void;
  /** Ends the link in good order; the connection closes once nothing uses it. */
  part(peer: PeerId): void;
  /** Sends what waits, and resolves when all peers have taken it or time is up. */
  finish(): Promise<void>;
}

/** The events of the gossip, for the mesh. */
export interface GossipListener {
  opened(peer: PeerId): void;
  received(records: readonly Uint8Array[], from: PeerId): void | Promise<void>;
  answered(peer: PeerId, rttMs: number): void;
  told(message: EntropyMessage, from: PeerId): void;
  /** The peer has ended the link in good order. */
  parted(peer: PeerId): void;
}
