import type { Logger } from "@logtape/logtape";
import type { Mesh, ModelRef } from "../../mesh/mod.ts";
import type { LocalModel, WeightLibrary } from "../../models/mod.ts";
import { RpcServerEnd, RpcTunnels, type TunnelCounts } from "../../tunnel/mod.ts";
import { MAX_RPC_STREAMS } from "../plan/defaults.ts";
import { peerWorkersOf, type WorkerPlan } from "../plan/peer_workers.ts";
import { instanceOf, modelKey, sameModel } from "../plan/view.ts";
import type { HostedSplit, Job, SplitTunnels } from "../serving/job.ts";
import { opener, RPC_PROTOCOL } from "./protocols.ts";
import { RpcGate } from "./rpc_gate.ts";
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

/** Both ends of the RPC tunnels on one node: its ports to others' rpc-servers, and the ways to its own. */
export class RpcEnds {
  readonly #options: RpcEndsOptions;
  readonly #gate: RpcGate;
  readonly #served: RpcServerEnd;
  readonly #open = new Set<RpcTunnels>();
  /** Of the splits that this node works in, by model: its ports to their other workers. */
  readonly #toPeerWorkers = new Map<string, RpcTunnels>();

  constructor(options: RpcEndsOptions) {
    const { mesh, counts, logger, jobs } = options;
    this.#options = options;
    this.#gate = new RpcGate(jobs, (plan) => this.#peerWorkers(plan));
    this.#served = new RpcServerEnd({
      gate: this.#gate,
      logger,
      ...this.#understood(),
      translatePort: (host, model, hostPort) => this.#ownPort(host, model, hostPort),
    });
    mesh.handle(
      RPC_PROTOCOL,
      { maxStreams: MAX_RPC_STREAMS },
      (stream, peer) => this.#served.handle(counts.count(stream, peer.id, "rpc"), peer.id),
    );
  }

  /** Opens a port to each worker of a split that this node hosts. @throws with none of them open */
  openTunnels({ model, term, workers, mayPass }: HostedSplit): SplitTunnels {
    const tunnels = this.#tunnels({ model, term }, mayPass);
    const close = () => this.#close(tunnels);
    try {
      const ports = Object.fromEntries(workers.map((peer) => [peer, tunnels.ensure(peer)]));
      return { ports, close };
    } catch (error) {
      void close();
      throw error;
    }
  }

  /** Ends every stream to this node's rpc-server of that model, and its own to the other workers. */
  reset(model: ModelRef): void {
    this.#served.reset(model);
    const tunnels = this.#toPeerWorkers.get(modelKey(model));
    this.#toPeerWorkers.delete(modelKey(model));
    if (tunnels !== undefined) void this.#close(tunnels);
  }

  /** The bytes that the host of a model has taken here, by the devices of its rpc-server; `null` where nobody can tell. */
  takenBy(model: ModelRef): readonly number[] | null {
    return this.#served.takenBy(model);
  }

  /** The jobs have changed: streams that wait may pass now. */
  jobsChanged(): void {
    this.#gate.changed();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#open].map((tunnels) => this.#close(tunnels)));
  }

  #tunnels(
    split: { readonly model: ModelRef; readonly term: number },
    mayPass: (peer: string) => boolean,
  ): RpcTunnels {
    const { mesh, counts, logger, onDisk } = this.#options;
    const tunnels = new RpcTunnels({
      open: counts.counting(opener(mesh, RPC_PROTOCOL), "rpc"),
      split,
      mayPass,
      logger,
      ...this.#understood(() => onDisk().find((file) => sameModel(file, split.model))),
    });
    this.#open.add(tunnels);
    return tunnels;
  }

  async #close(tunnels: RpcTunnels): Promise<void> {
    await tunnels.stop();
    this.#open.delete(tunnels);
  }

  #understood(hosted: () => LocalModel | undefined = () => undefined) {
    const { weights, counts } = this.#options;
    return {
      weights: weightSource(weights, hosted),
      countsOf: (peer: string) => counts.rpcOf(peer),
    };
  }

  #peerWorkers(plan: WorkerPlan): readonly string[] {
    const { mesh, rpcProtocol } = this.#options;
    return peerWorkersOf(plan, mesh.members(), rpcProtocol);
  }

  /** The plan by which this node works in the model's split now. */
  #workerPlan(model: ModelRef): WorkerPlan | undefined {
    const plans = this.#options.jobs().flatMap(({ plan }) => plan.kind === "worker" ? [plan] : []);
    return plans.find((plan) => sameModel(plan.model, model));
  }

  /** This node's port for the peer worker that one of the host's ports of that split leads to. */
  #ownPort(host: string, model: ModelRef, hostPort: number): number | undefined {
    const plan = this.#workerPlan(model);
    const member = this.#options.mesh.members().find(({ peer }) => peer === host);
    if (plan === undefined || member === undefined) return undefined;
    const ports = instanceOf(member, model)?.tunnelPorts ?? {};
    const peer = this.#peerWorkers(plan).find((name) => ports[name] === hostPort);
    return peer === undefined ? undefined : this.#tunnelsOf(plan).ensure(peer);
  }

  #tunnelsOf({ model, term }: WorkerPlan): RpcTunnels {
    const key = modelKey(model);
    const open = this.#toPeerWorkers.get(key);
    if (open !== undefined) return open;
    const tunnels = this.#tunnels({ model, term }, (peer) => {
      const plan = this.#workerPlan(model);
      return plan?.term === term && this.#peerWorkers(plan).includes(peer);
    });
    this.#toPeerWorkers.set(key, tunnels);
    return tunnels;
  }
}
