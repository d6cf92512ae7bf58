/** The members of the mesh and which of them are alive: identity, trust, the libp2p node, gossip, routes, election. */

import { join } from "node:path";
import { type Clock, systemClock } from "./base/clock.ts";
import { guardedClock } from "./base/guarded_clock.ts";
import { openIdentity } from "./trust/identity.ts";
import { loadAddonBy } from "./quic/mod.ts";
import { startLibp2p } from "./link/libp2p.ts";
import type { MeshNode } from "./mesh_node.ts";
import { MovingMesh, type PairingOptions } from "./moving_mesh.ts";
import { UdpPortInUseError } from "./base/errors.ts";
import type { Mesh } from "./base/mesh.ts";
import { openMesh, type StartMeshOptions } from "./open_mesh.ts";

export type { ByteStream } from "./base/byte_stream.ts";
export { type Clock, systemClock } from "./base/clock.ts";
export type { PairingOptions } from "./moving_mesh.ts";
export type { StartMeshOptions } from "./open_mesh.ts";
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
export { makeClaim, NoRelayError, RelayNode, type RelayStatus } from "./relay_node.ts";
export type { MeshCounters } from "./base/counters.ts";
export { parseToken } from "./trust/token.ts";
export { Namesakes, toldApart } from "./base/namesakes.ts";
export type * from "./base/announcement.ts";
export type { LanMesh, LanPeer, LanView } from "./base/lan.ts";
export type { PortMappingView } from "./base/port_mapping.ts";
export type * from "./base/mesh.ts";
export { PairingError } from "./base/pairing.ts";
export { askAtStart, hasCompany, lookForMeshes } from "./pairing/at_start.ts";
export { chooseMesh } from "./pairing/choose_mesh.ts";
export type * from "./base/pairing.ts";
export { ownAuthorities } from "./lane/own_authorities.ts";
export type { Hindrance, PeerWay } from "./base/peer_way.ts";
export type * from "./base/peer_id.ts";
export type * from "./base/roles.ts";
export type * from "./base/table.ts";

/**
 * Starts this node's end of a mesh. Waits for no peer: joining goes on behind it. A refused start
 * leaves the data directory as it was.
 * @throws {InvalidTokenError} where the token can never be right.
 * @throws {BoundToOtherMeshError | NoMeshError | NotAllowedError | DataDirectoryError | UdpPortInUseError}
 */
export async function startMesh(
  options: StartMeshOptions,
  pairing: PairingOptions = {},
): Promise<Mesh> {
  const { name, logger, config } = options;
  const clock = guardedClock(options.clock ?? systemClock, logger);
  return new MovingMesh(await startMeshNode(options, clock), {
    pairing,
    name,
    clock,
    logger,
    start: ({ passive, ...changes }) =>
      startMeshNode({ ...options, passive, config: { ...config, ...changes } }, clock),
  });
}

async function startMeshNode(options: StartMeshOptions, clock: Clock): Promise<MeshNode> {
  const { role, logger, signal, random = Math.random } = options;
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
  const listen = (chosen: number | null) => network.bind(chosen, random);
  const bind = () =>
    role === "client" ? Promise.resolve(null) : listenOnPort(listen, identity.port, options);
  const meeting = { kind: "by pipes", sources: network.pipes } as const;
  return await openMesh(options, { identity, network, clock, bind, meeting, hasTcp: true });
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
