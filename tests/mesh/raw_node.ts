import { getLogger } from "@logtape/logtape";
import { Admission } from "../../src/mesh/link/admission.ts";
import { systemClock } from "../../src/mesh/base/clock.ts";
import { Counters } from "../../src/mesh/base/counters.ts";
import { acceptInvite, type Credential } from "../../src/mesh/trust/credential.ts";
import { peerIdOf, SigningKey } from "../../src/mesh/base/keys.ts";
import { startLibp2p } from "../../src/mesh/link/libp2p.ts";
import { MessageStream } from "../../src/mesh/base/messages.ts";
import type { MemberRole, Mesh } from "../../src/mesh/mod.ts";
import type { Network, NetworkStream } from "../../src/mesh/link/network.ts";
import { PeerNetwork } from "../../src/mesh/link/peer_network.ts";
import { parseToken } from "../../src/mesh/trust/token.ts";

export const GOSSIP = "/mesh-llm/gossip/1";

/** Joins and opens streams as the holder of a credential, and does nothing else. */
export function peerNetworkOf(
  network: Network,
  { key, credential, role }: {
    readonly key: SigningKey;
    readonly credential: Credential;
    readonly role: MemberRole;
  },
): PeerNetwork {
  const self = {
    credential,
    role,
    version: "0.1.0",
    id: peerIdOf(key.publicKey),
    passive: () => role !== "member",
    incarnation: () => 1,
    born: 1,
    now: () => Date.now(),
    revocationOf: () => undefined,
    learn: () => {},
    outlived: () => {},
  };
  const parts = {
    network,
    clock: systemClock,
    counters: new Counters(),
    logger: getLogger("test"),
  };
  const admission = new Admission({ ...parts, self });
  return new PeerNetwork({ ...parts, self: peerIdOf(key.publicKey), role, admission });
}

/** A node that connects and joins like any other; what it says after that is up to the test. */
export class RawNode implements AsyncDisposable {
  readonly #network: Network;
  readonly #peers: PeerNetwork;

  private constructor(key: SigningKey, network: Network, credential: Credential, role: MemberRole) {
    this.#network = network;
    this.#peers = peerNetworkOf(network, { key, credential, role });
  }

  static async start(
    key: SigningKey,
    credential: Credential,
    role: MemberRole = "member",
  ): Promise<RawNode> {
    const network = await startLibp2p(key);
    return new RawNode(key, network, credential, role);
  }

  open(mesh: Mesh, protocol: string, addresses = mesh.addresses()): Promise<NetworkStream> {
    return this.#peers.open(protocol, { peer: mesh.self, addresses });
  }

  /** Opens the gossip with a member, as one that has dialled it. */
  async gossip(mesh: Mesh): Promise<{ stream: NetworkStream; messages: MessageStream }> {
    const stream = await this.open(mesh, GOSSIP);
    return { stream, messages: new MessageStream(stream, 2 ** 20) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#network.stop();
  }
}

/** A key of its own, and what a mesh's invite makes of it. */
export async function invited(
  mesh: Mesh,
  role: MemberRole = "member",
  more: { readonly expiresAt?: number; readonly mayInvite?: boolean } = {},
): Promise<{ key: SigningKey; credential: Credential }> {
  const invite = parseToken(await mesh.invite({ role, ...more }), Date.now());
  const key = SigningKey.generate();
  return { key, credential: acceptInvite(invite, { publicKey: key.publicKey, role }) };
}
