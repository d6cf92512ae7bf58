import { reasonOf } from "../../base/as_error.ts";
import type { PeerCheck } from "../../api/mod.ts";
import { type Mesh, type PeerId, ROUTES_PROTOCOL } from "../../mesh/mod.ts";
import { PEER_CHECK_MS } from "../plan/defaults.ts";

/** Tries to reach every peer that this node knows, all at once. Never fails, takes a few seconds at most. */
export function checkPeers(mesh: Mesh): Promise<PeerCheck[]> {
  const members = new Map(mesh.members().map((member) => [member.peer, member]));
  const others = mesh.routes().nodes.filter(({ peer }) => peer !== mesh.self);
  return Promise.all(others.map(async ({ peer, machine, addresses }) => ({
    id: peer,
    name: machine.name,
    version: machine.version,
    addresses: [...addresses],
    rpcProtocol: machine.engine?.rpcProtocol ?? null,
    startedMs: members.get(peer)?.incarnation ?? null,
    unreachable: await whyUnreachable(mesh, peer),
  })));
}

/** Every node answers this protocol, to members and clients alike. */
async function whyUnreachable(mesh: Mesh, peer: PeerId): Promise<string | null> {
  try {
    const signal = AbortSignal.timeout(PEER_CHECK_MS);
    const stream = await mesh.open(peer, ROUTES_PROTOCOL, { signal });
    stream.reset(new Error("Only the connection was checked"));
    return null;
  } catch (error) {
    return reasonOf(error);
  }
}
