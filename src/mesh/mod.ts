/** The members of the mesh and which of them are alive: identity, trust, the libp2p node, gossip, routes, election. */

import { join } from "node:path";
import type { Logger } from "@logtape/logtape";
import type { InterfaceAddress } from "./base/addresses.ts";
import { Admission } from "./link/admission.ts";
import type { Link } from "./trust/capability.ts";
import type { MeshConfig } from "./base/config.ts";
import { type Clock, systemClock } from "./base/clock.ts";
import { guardedClock } from "./base/guarded_clock.ts";
import { Counters } from "./base/counters.ts";
import { openIdentity } from "./trust/identity.ts";
import { loadAddonBy } from "./quic/mod.ts";
import { lanOpener } from "./lan/lan_socket.ts";
import { routerFinders } from "./mapping/mod.ts";
import { startLibp2p } from "./link/libp2p.ts";
import { MeshNode } from "./mesh_node.ts";
import type { MeshParts } from "./mesh_mode.ts";
import { PeerNetwork } from "./link/peer_network.ts";
import { answerForLife } from "./link/proof_of_life.ts";
import { Trust } from "./trust/trust.ts";
import { UdpPortInUseError } from "./base/errors.ts";
import type { MemberRole } from "./base/roles.ts";
import type { Mesh } from "./base/mesh.ts";

export type { ByteStream } from "./base/byte_stream.ts";
export { type Clock, systemClock } from "./base/clock.ts";
export { electHost, type HostCandidate } from "./gossip/election.ts";
export {
  BoundToOtherMeshError,
  DataDirectoryError,
  InvalidTokenError,
  MembershipEndedError,
  NoMeshError,
  NotAllowedError,
  RefusedError,
  UdpPortInUseError,
  UnknownInviteError,
  UnknownMachineError,
  UnreachableError,
} from "./base/errors.ts";
export type { DeviceMemory, EngineBuild, Machine } from "./base/machine.ts";
export { NotAgreedError, quicProblem } from "./quic/mod.ts";
export { ROUTES_PROTOCOL } from "./routes/routes.ts";
export type { MeshCounters } from "./base/counters.ts";
export { parseToken } from "./trust/token.ts";
export { Namesakes, toldApart } from "./base/namesakes.ts";
export type * from "./base/announcement.ts";
export type { LanMesh, LanPeer, LanView } from "./base/lan.ts";
export type { PortMappingView } from "./base/port_mapping.ts";
export type * from "./base/mesh.ts";
export type * from "./base/peer_id.ts";
export type * from "./base/roles.ts";
export type * from "./base/table.ts";

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

/**
 * Starts this node's end of a mesh. Waits for no peer: joining goes on behind it. A refused start
 * leaves the data directory as it was.
 * @throws {InvalidTokenError} where the token can never be right.
 * @throws {BoundToOtherMeshError | NoMeshError | NotAllowedError | DataDirectoryError | UdpPortInUseError}
 */
export async function startMesh(options: StartMeshOptions): Promise<Mesh> {
  const { role, logger, signal, random = Math.random } = options;
  const clock = guardedClock(options.clock ?? systemClock, logger);
  signal?.throwIfAborted();
  // First, so that a system which can't load it is told before anything is written or fetched.
  loadAddonBy(join(options.dataDir, "cache"));
  const identity = await openIdentity({ ...options, now: clock.now() });
  const { key } = identity;
  const told = new Set<string>();
  const network = await startLibp2p(key, options.config, (line) => {
    if (!told.has(line)) logger.info("{line}", { line });
    told.add(line);
  });
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
  const shared = { network, clock, counters, logger };
  const admission = new Admission({ ...shared, self });
  const peers = new PeerNetwork({ ...shared, self: identity.peer, role, admission });
  answerForLife(peers, { key, born: self.born });
  const mesh: MeshNode = new MeshNode(
    partsOf(options, { identity, network: peers, port: () => port, trust, counters, clock }),
  );
  try {
    // Last of all: a peer that dials before the admission is there would be refused, and a silent one never cut off.
    const bind = (chosen: number | null) => network.bind(chosen, random);
    if (role !== "client") port = await listenOnPort(bind, identity.port, options);
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

/** A port that the user names is that one or none; one that was chosen at an earlier start can be another as well. */
async function listenOnPort(
  bind: (port: number | null) => Promise<number>,
  kept: number | null,
  { config: { bindPort }, logger }: StartMeshOptions,
): Promise<number> {
  try {
    return await bind(kept);
  } catch (error) {
    if (!(error instanceof UdpPortInUseError) || kept === null || bindPort !== null) throw error;
  }
  const port = await bind(null);
  logger.warn(
    "Another program has UDP port {kept} now, so this node takes {port} and keeps it: " +
      "an invite that names the old port alone no longer leads here",
    { kept, port },
  );
  return port;
}

function partsOf(
  options: StartMeshOptions,
  made: Pick<MeshParts, "identity" | "network" | "port" | "trust" | "counters" | "clock">,
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
    routerFinders: routerFinders(config),
    logger,
  };
}
