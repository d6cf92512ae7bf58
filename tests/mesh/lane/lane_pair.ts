/** Two members that are connected by QUIC, each with a lane on the TCP port of the same number. */

import { endLibp2pLeaks } from "../leak_guard.ts";
import { getLogger } from "@logtape/logtape";
import { systemClock } from "../../../src/mesh/base/clock.ts";
import { Counters } from "../../../src/mesh/base/counters.ts";
import { peerIdOf, type SigningKey } from "../../../src/mesh/base/keys.ts";
import type { PeerId } from "../../../src/mesh/base/peer_id.ts";
import { WideLane } from "../../../src/mesh/lane/wide_lane.ts";
import { startLibp2p } from "../../../src/mesh/link/libp2p.ts";
import type { NetworkStream, PeerConnection } from "../../../src/mesh/link/network.ts";
import type { PeerNetwork } from "../../../src/mesh/link/peer_network.ts";
import type { Credential } from "../../../src/mesh/trust/credential.ts";
import { Mailbox } from "../quic/mailbox.ts";
import { freePort } from "./free_port.ts";
import { invited, peerNetworkOf } from "../raw_node.ts";
import { TestMeshes } from "../test_mesh.ts";

export const PROTOCOL = "/mesh-llm/rpc/1";
/** However busy the machine is. */
const PATIENCE_MS = 30_000;
export const MAX_STREAMS = 4;

export class LaneNode {
  readonly counters = new Counters();
  readonly lane: WideLane;
  readonly streams = new Mailbox<NetworkStream>();
  readonly peers: PeerNetwork;

  private constructor(
    readonly self: PeerId,
    readonly port: number,
    network: Awaited<ReturnType<typeof startLibp2p>>,
    identity: { readonly key: SigningKey; readonly credential: Credential },
    { answers = true, listens = true }: LaneOptions,
  ) {
    this.peers = peerNetworkOf(network, { ...identity, role: "member" });
    const logger = getLogger("test");
    this.lane = new WideLane({
      self,
      clock: systemClock,
      counters: this.counters,
      logger,
      patienceMs: PATIENCE_MS,
    });
    if (answers) this.lane.answer(this.peers);
    this.lane.handle(PROTOCOL, MAX_STREAMS, (stream) => this.streams.put(stream));
    if (listens) this.lane.listen(port);
  }

  static async start(
    identity: { readonly key: SigningKey; readonly credential: Credential },
    options: LaneOptions = {},
  ): Promise<LaneNode> {
    const network = await startLibp2p(identity.key);
    const port = await network.bind(freePort());
    return new LaneNode(peerIdOf(identity.key.publicKey), port, network, identity, options);
  }

  get address(): string {
    return `/ip4/127.0.0.1/udp/${this.port}/quic-v1/p2p/${this.self}`;
  }

  connect({ self: peer, address }: LaneNode): Promise<PeerConnection> {
    return this.peers.connect({ peer, addresses: [address], signal: new AbortController().signal });
  }

  async stop(): Promise<void> {
    this.lane.stop();
    await this.peers.stop();
  }
}

export interface LaneOptions {
  /** As a node of an earlier version does not. @default {true} */
  readonly answers?: boolean;
  /** @default {true} */
  readonly listens?: boolean;
}

export class LanePair implements AsyncDisposable {
  private constructor(
    readonly meshes: TestMeshes,
    readonly near: LaneNode,
    readonly far: LaneNode,
    readonly connection: PeerConnection,
  ) {}

  static async start(far: LaneOptions = {}): Promise<LanePair> {
    const meshes = new TestMeshes();
    const founder = await meshes.member("founder");
    const near = await LaneNode.start(await invited(founder));
    const other = await LaneNode.start(await invited(founder), far);
    return new LanePair(meshes, near, other, await near.connect(other));
  }

  /** By the lane, or not at all. */
  open(protocol = PROTOCOL): Promise<NetworkStream | undefined> {
    return this.near.lane.open(protocol, this.connection, new AbortController().signal);
  }

  /** Both ends of a stream. */
  async stream(): Promise<[near: NetworkStream, far: NetworkStream]> {
    const near = await this.open();
    if (near === undefined) throw new Error("There is no lane");
    return [near, await this.far.streams.take()];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.near.stop();
    await this.far.stop();
    await this.meshes[Symbol.asyncDispose]();
    endLibp2pLeaks();
  }
}
