import type { Logger } from "@logtape/logtape";
import { Deadline } from "../base/deadline.ts";
import type { Clock } from "./base/clock.ts";
import { CARRY_TIMEOUT_MS, MAX_WITNESSES, OPEN_STREAM_TIMEOUT_MS } from "./base/defaults.ts";
import { UnreachableError } from "./base/errors.ts";
import type { PeerId } from "./base/peer_id.ts";
import { MEET_RATE } from "./base/rate_defaults.ts";
import { isPiped, type Network, type NetworkStream } from "./link/network.ts";
import type { PeerNetwork } from "./link/peer_network.ts";
import { ReachingNetwork } from "./link/reaching_network.ts";
import type { MeshNode } from "./mesh_node.ts";
import {
  LateReach,
  openUdpStack,
  type PipedSources,
  Reach,
  REACH_PROTOCOL,
  type ReachEnd,
  type ReachParts,
} from "./reach/mod.ts";
import { Carriers, carriersInOrder } from "./relay/carriers.ts";

export interface ReachOptions
  extends Pick<ReachParts, "self" | "clock" | "interfaces" | "mapped" | "changed"> {
  readonly sources: PipedSources;
  /** On which this node's QUIC listens; it may not do so yet. */
  readonly quicPort: () => number;
  /** The port of the last time, or one that is wished for. */
  readonly wishedPort: () => number | null;
  readonly keepPort: (port: number) => void;
}

/** On the port of the last time, which a router may have been told to open; on a free one where that is taken. */
export function openReach(options: ReachOptions): LateReach {
  const { quicPort, wishedPort, keepPort } = options;
  const openOn = (port: number) => {
    const stack = openUdpStack();
    try {
      return new Reach({ ...options, stack, port, serverPort: quicPort() });
    } catch (error) {
      void stack.close();
      throw error;
    }
  };
  return new LateReach(() => {
    const reach = openOnEither(openOn, wishedPort());
    keepPort(reach.port);
    return reach;
  });
}

function openOnEither(openOn: (port: number) => Reach, wished: number | null): Reach {
  try {
    return openOn(wished ?? 0);
  } catch (error) {
    if (wished === null) throw error;
    return openOn(0);
  }
}

export interface ReachingOptions {
  readonly network: Network;
  readonly reach: ReachEnd;
  readonly self: PeerId;
  readonly isClient: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Both are made on this network. */
  readonly peers: () => PeerNetwork;
  readonly mesh: () => MeshNode;
}

/** A network whose carriers are the nodes that are admitted on it. */
export function reachingNetwork(options: ReachingOptions): ReachingNetwork {
  const { peers, mesh, clock, ...parts } = options;
  const connected = () =>
    [...peers().connectedPeers().values()].flatMap(({ id: peer, role }) => {
      const connection = peers().connectionTo(peer);
      // Over a pipe somebody else would carry for the carrier.
      if (connection === undefined || isPiped(connection)) return [];
      return { peer, role, rttMs: mesh().measuredRttMs(peer) };
    });
  const carriers = new Carriers({
    clock,
    isWanted: (peer) => mesh().mayBeCarriedTo(peer),
    connected,
  });
  return new ReachingNetwork({
    ...parts,
    carriers: (to) => carriers.to(to),
    witnesses: () => carriersInOrder(connected(), options.self).slice(0, MAX_WITNESSES),
    carry: async (by, to, signal) => {
      using deadline = Deadline.forStep(CARRY_TIMEOUT_MS, `A way over ${by}`, signal);
      return await mesh().paths.open({ by, to, signal: deadline.signal });
    },
    openTo: (peer, signal) => openMeeting(peers(), peer, signal),
  });
}

async function openMeeting(
  peers: PeerNetwork,
  peer: PeerId,
  signal: AbortSignal,
): Promise<NetworkStream> {
  const connection = peers.connectionTo(peer);
  if (connection === undefined) throw new UnreachableError(`${peer} is not connected`);
  using deadline = Deadline.forStep(OPEN_STREAM_TIMEOUT_MS, `Meeting ${peer}`, signal);
  return await connection.openStream(REACH_PROTOCOL, deadline.signal);
}

/** Answers peers that want to meet, or to hear where they are seen. */
export function answerMeetings(peers: PeerNetwork, reach: Pick<ReachEnd, "meet">): void {
  peers.handle(
    REACH_PROTOCOL,
    { maxStreams: 4, rate: MEET_RATE },
    (stream, { id }) => reach.meet(id, stream, { opens: false }),
  );
}

/** The means by which a node is met; a relay only sees the others. */
export type Meeting =
  | { readonly kind: "by pipes"; readonly sources: PipedSources }
  | { readonly kind: "as a witness"; readonly reach: LateReach };
