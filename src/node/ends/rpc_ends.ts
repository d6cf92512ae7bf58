import type { Logger } from "@logtape/logtape";
import type { Mesh } from "../../mesh/mod.ts";
import type { LocalModel, WeightLibrary } from "../../models/mod.ts";
import { RpcServerEnd, RpcTunnels, type TunnelCounts } from "../../tunnel/mod.ts";
import { MAX_RPC_STREAMS } from "../plan/defaults.ts";
import { type Job, splitPeers } from "../serving/job.ts";
import { peerWorkersOf } from "../plan/peer_workers.ts";
import { opener, RPC_PROTOCOL } from "./protocols.ts";
import { RpcGate } from "./rpc_gate.ts";
import { sameModel } from "../plan/view.ts";
import { weightSource } from "./weights.ts";

export interface RpcEndsOptions {
  readonly mesh: Mesh;
  readonly counts: TunnelCounts;
  readonly logger: Logger;
  /** The weights that need not cross the network when a split loads. */
  readonly weights: WeightLibrary;
  readonly rpcProtocol: string;
  readonly onDisk: () => readonly LocalModel[];
  readonly jobs: () => readonly Job[];
}

/** Both ends of the RPC tunnels on one node: its ports to others' rpc-servers, and the way to its own. */
export class RpcEnds {
  readonly #options: RpcEndsOptions;
  readonly #gate: RpcGate;
  readonly #tunnels: RpcTunnels;
  readonly #served: RpcServerEnd;

  constructor(options: RpcEndsOptions) {
    const { mesh, counts, logger, weights, jobs } = options;
    this.#options = options;
    this.#gate = new RpcGate(jobs, () => this.#peerWorkers());
    const understood = {
      weights: weightSource(weights, () => this.#hosted()),
      countsOf: (peer: string) => counts.rpcOf(peer),
    };
    this.#tunnels = new RpcTunnels({
      open: counts.counting(opener(mesh, RPC_PROTOCOL), "rpc"),
      terms: { currentTerm: (peer) => this.#termFor(peer) },
      logger,
      ...understood,
    });
    this.#served = new RpcServerEnd({
      gate: this.#gate,
      logger,
      ...understood,
      translatePort: (host, hostPort) => this.#ownPort(host, hostPort),
    });
    mesh.handle(
      RPC_PROTOCOL,
      { roles: ["member"], maxStreams: MAX_RPC_STREAMS },
      (stream, peer) => this.#served.handle(counts.count(stream, peer.id, "rpc"), peer.id),
    );
  }

  /** The local port that leads to the peer's rpc-server. */
  portTo(peer: string): number {
    return this.#tunnels.ensure(peer);
  }

  /** Ports for these peers and no others. */
  keepFor(peers: ReadonlySet<string>): void {
    for (const peer of peers) this.#tunnels.ensure(peer);
    for (const peer of Object.keys(this.#tunnels.ports())) {
      if (!peers.has(peer)) void this.#tunnels.remove(peer);
    }
  }

  /** For the announcement: the ports of these jobs' splits alone. */
  tunnelMap(jobs: readonly Job[]): Record<string, number> {
    const ports = this.#tunnels.ports();
    return Object.fromEntries(
      splitPeers(jobs).flatMap((peer) => {
        const port = ports[peer];
        return port === undefined ? [] : [[peer, port]];
      }),
    );
  }

  /** Ends every stream to this node's rpc-server. */
  resetServed(): void {
    this.#served.resetAll();
  }

  /** The jobs have changed: streams that wait may pass now. */
  jobChanged(): void {
    this.#gate.changed();
  }

  stop(): Promise<void> {
    return this.#tunnels.stop();
  }

  /** The model that this node's llama-server splits. */
  #hosted(): LocalModel | undefined {
    const plan = this.#options.jobs().map((job) => job.plan).find(({ kind }) => kind === "host");
    if (plan?.kind !== "host") return undefined;
    return this.#options.onDisk().find((file) => sameModel(file, plan.model));
  }

  /** Under which term this node's connections to a peer's rpc-server may pass now. */
  #termFor(peer: string): number | null {
    const [job] = this.#options.jobs();
    if (job?.plan.kind !== "worker") return job?.openTerm ?? null;
    return this.#peerWorkers().includes(peer) ? job.plan.term : null;
  }

  #peerWorkers(): readonly string[] {
    const { mesh, rpcProtocol, jobs } = this.#options;
    return jobs().flatMap(({ plan }) => peerWorkersOf(plan, mesh.members(), rpcProtocol));
  }

  /** This node's port for the peer that one of the host's tunnel ports leads to. */
  #ownPort(host: string, hostPort: number): number | undefined {
    const ports = this.#options.mesh.members().find(({ peer }) => peer === host)?.tunnelPorts ?? {};
    const peer = Object.keys(ports).find((name) => ports[name] === hostPort);
    return peer === undefined ? undefined : this.#tunnels.ports()[peer];
  }
}
