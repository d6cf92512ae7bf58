import type { Logger } from "@logtape/logtape";
import type { InterfaceAddress } from "./base/addresses.ts";
import type { Clock } from "./base/clock.ts";
import type { MeshConfig } from "./base/config.ts";
import { Counters } from "./base/counters.ts";
import { RefusedError } from "./base/errors.ts";
import type { MemberRole } from "./base/roles.ts";
import { lanOpener } from "./lan/lan_socket.ts";
import { openLane } from "./lane/wide_lane.ts";
import { Admission } from "./link/admission.ts";
import type { Network } from "./link/network.ts";
import { routerFinders } from "./mapping/mod.ts";
import { PeerNetwork } from "./link/peer_network.ts";
import { answerForLife } from "./link/proof_of_life.ts";
import type { MeshParts } from "./mesh_mode.ts";
import { MeshNode } from "./mesh_node.ts";
import { PAIR_PROTOCOL } from "./pairing/messages.ts";
import { answerMeetings, type Meeting, openReach, reachingNetwork } from "./reaching.ts";
import { udpEnd } from "./reach/mod.ts";
import type { Link } from "./trust/capability.ts";
import type { Identity } from "./trust/identity.ts";
import { Trust } from "./trust/trust.ts";

const OUTLIVED =
  "another copy of this node is running, and was started before this one: stop that " +
  "one first, or give this one a data directory of its own and join with a token";

export interface StartMeshOptions {
  readonly config: MeshConfig;
  /** Of this node alone: its key, its mesh, its port. Made where it is not there. */
  readonly dataDir: string;
  readonly role: MemberRole;
  /** A member reads the routing table first, and joins the gossip when it is told to. @default {false} */
  readonly passive?: boolean;
  readonly name: string;
  readonly version: string;
  readonly logger: Logger;
  readonly signal?: AbortSignal;
  /** @default {systemClock} */
  readonly clock?: Clock;
  /** @default {Math.random} */
  readonly random?: () => number;
  /** @default {Deno.networkInterfaces} */
  readonly interfaces?: () => readonly InterfaceAddress[];
}

export interface OpenMeshParts {
  readonly identity: Identity;
  readonly network: Network;
  readonly clock: Clock;
  /** Listens, and answers with the port; `null` for a node that only dials. */
  readonly bind: () => Promise<number | null>;
  readonly meeting: Meeting;
  /** A real network has TCP beside QUIC. @default {false} */
  readonly hasTcp?: boolean;
}

/** This node's end of the mesh that its identity says, on a network that is there. */
export async function openMesh(
  options: StartMeshOptions,
  { identity, network: ownNetwork, clock, bind, meeting, hasTcp = false }: OpenMeshParts,
): Promise<MeshNode> {
  const { role, logger, signal } = options;
  const { key } = identity;
  let port: number | null = null;
  const counters = new Counters();
  const trust = new Trust({ identity, clock, counters, logger });
  const self = {
    get credential() {
      return identity.binding.credential;
    },
    role,
    version: options.version,
    id: identity.peer,
    passive: (): boolean => mesh.passive,
    incarnation: () => identity.incarnation,
    born: identity.incarnation,
    now: () => clock.now(),
    revocationOf: (links: readonly Link[]) => trust.revocationOf(links)?.bytes,
    learn: (bytes: Uint8Array) => trust.learnQuietly(bytes),
    outlived: () => trust.end(OUTLIVED),
  };
  const reach = meeting.kind === "as a witness" ? meeting.reach : openReach({
    sources: meeting.sources,
    self: identity.peer,
    clock,
    interfaces: options.interfaces ?? (() => Deno.networkInterfaces()),
    mapped: () => {
      const end = mesh.mappedReach;
      return end === null ? [] : [udpEnd(end.ip, end.port)];
    },
    changed: () => mesh.waysChanged(),
    quicPort: () => port ?? 0,
    wishedPort: () => identity.reachPort,
    keepPort: (kept) => {
      identity.keepReachPort(kept);
      mesh.meetsAt(kept);
    },
  });
  const reaching = meeting.kind === "as a witness" ? undefined : reachingNetwork({
    network: ownNetwork,
    reach,
    self: identity.peer,
    isClient: role === "client",
    clock,
    logger,
    peers: () => peers,
    mesh: () => mesh,
  });
  const network = reaching ?? ownNetwork;
  const shared = { network, clock, counters, logger };
  const admission = new Admission({ ...shared, self });
  const lane = hasTcp
    ? openLane(options, { self: identity.peer, clock, counters, logger })
    : undefined;
  const peers: PeerNetwork = new PeerNetwork({
    ...shared,
    self: identity.peer,
    role,
    admission,
    lane,
  });
  lane?.answer(peers);
  answerForLife(peers, { key, born: self.born });
  answerMeetings(peers, reach);
  peers.subscribe(({ type }) => {
    if (type === "admitted") reaching?.askAround();
  });
  const mesh: MeshNode = new MeshNode(
    partsOf(options, { identity, network: peers, port: () => port, trust, counters, clock, reach }),
  );
  if (role === "member") {
    mesh.paths.onPeer = ({ peer, by, path, isClient }) =>
      reaching?.accept(peer, by, path, { isClient });
  }
  const { door } = mesh;
  if (door !== null) {
    network.handle(PAIR_PROTOCOL, 1, (stream, connection) => {
      if (admission.excuse(connection)) void door.answer(stream, connection);
      else stream.reset(new RefusedError("This connection has joined, or was opened here"));
    });
  }
  try {
    // Last of all: a peer that dials before the admission is there would be refused, and a silent one never cut off.
    port = await bind();
    if (port !== null) lane?.listen(port);
    mesh.start();
    await identity.save(port ?? identity.port);
    signal?.throwIfAborted();
  } catch (error) {
    await mesh.stop();
    throw error;
  }
  logger.debug("Node {peer} is in mesh {mesh}", { peer: mesh.self, mesh: mesh.meshId });
  return mesh;
}

function partsOf(
  options: StartMeshOptions,
  made: Pick<MeshParts, "identity" | "network" | "port" | "trust" | "counters" | "clock" | "reach">,
): MeshParts {
  const { config, role, name, passive = false, logger, random = Math.random, interfaces } = options;
  return {
    ...made,
    config,
    role,
    name,
    passive: passive || role !== "member",
    random,
    interfaces: interfaces ?? (() => Deno.networkInterfaces()),
    openLan: role === "relay" ? null : lanOpener(config),
    routerFinders: role === "relay" ? [] : routerFinders(config),
    logger,
  };
}
