/** Which llama-server uses whose rpc-server: what the gates of the workers let pass. */

import type { SplitMember } from "../../src/engine/mod.ts";
import type { ModelRef } from "../../src/mesh/mod.ts";
import { gateAnswer } from "../../src/node/ends/rpc_gate.ts";
import { added } from "../../src/node/plan/packing.ts";
import { sameModel } from "../../src/node/plan/view.ts";
import { shareBytes } from "./sim_memory.ts";
import type { SimNode } from "./sim_node.ts";
import type { SimServer } from "./sim_server.ts";
import { needOf } from "./sim_serving.ts";
import type { World } from "./world.ts";

interface Tunnel {
  readonly server: SimServer;
  readonly worker: SimNode;
  readonly model: ModelRef;
  readonly term: number;
  /** Of the rpc-server that it leads to, once the worker has let it in. */
  port: number | null;
}

/** A connection that nobody closes in so many words is noticed by its silence: QUIC's idle time. */
const SILENCE_MS = 30_000;

/** The port on a host's loopback that leads to a worker; no process listens there. */
export function portTo({ index }: SimNode): number {
  return 1_000 + index;
}

export class SimTunnels {
  readonly #world: World;
  readonly #tunnels = new Set<Tunnel>();
  readonly #servers = new Map<number, SimServer>();
  /** Servers that have lost a worker, and will hear of it: as llama.cpp's, they load nothing with those that are left. */
  readonly #failing = new WeakSet<SimServer>();
  #lastPort = 100_000;

  constructor(world: World) {
    this.#world = world;
  }

  /** No other process has it: a node may run several servers. */
  newPort(server: SimServer): number {
    this.#lastPort += 1;
    this.#servers.set(this.#lastPort, server);
    return this.#lastPort;
  }

  /** A split's llama-server connects to all of its workers; it loads once they have let it in. */
  connect(server: SimServer): void {
    const { node, spec } = server;
    if (spec.kind !== "llama-server") return;
    const job = node.serving?.startingJob(spec.modelName);
    if (job === undefined || job === null) return;
    const { model, term } = job;
    for (const { peer } of job.workers) {
      const worker = this.#world.peers.get(peer);
      if (worker === undefined) continue;
      const tunnel: Tunnel = { server, worker, model, term, port: null };
      this.#tunnels.add(tunnel);
      node.clock.after(this.#world.network.delayMs(node, worker), () => this.#look(tunnel));
    }
  }

  /** The worker's job has changed. */
  gateChanged(worker: SimNode): void {
    for (const tunnel of this.#of(worker)) if (tunnel.port === null) this.#look(tunnel);
  }

  /** A worker ends all streams of earlier terms of the model. */
  reset(worker: SimNode, model: ModelRef): void {
    const own = this.#of(worker).filter((tunnel) => sameModel(tunnel.model, model));
    for (const tunnel of own) if (tunnel.port !== null) this.#break(tunnel);
  }

  /** The process at one end has ended. Other rpc-servers of the node keep their streams. */
  serverEnded(server: SimServer): void {
    for (const tunnel of this.#tunnels) {
      if (tunnel.server === server) this.#end(tunnel);
    }
    if (server.spec.kind !== "rpc-server") return;
    for (const tunnel of this.#of(server.node)) {
      if (tunnel.port === server.port) this.#break(tunnel);
    }
  }

  nodeEnded(node: SimNode): void {
    for (const tunnel of [...this.#tunnels]) {
      if (tunnel.server.node === node) this.#tunnels.delete(tunnel);
      else if (tunnel.worker === node) this.#break(tunnel, SILENCE_MS);
    }
  }

  /** Hosts whose llama-server of the model uses this worker at this moment. */
  usersOf(
    worker: SimNode,
    model: ModelRef,
  ): { readonly host: SimNode; readonly term: number }[] {
    return this.#of(worker)
      .filter((tunnel) => tunnel.port !== null && sameModel(tunnel.model, model))
      .map(({ server, term }) => ({ host: server.node, term }));
  }

  #look(tunnel: Tunnel): void {
    const { server, worker, model, term } = tunnel;
    const { network } = this.#world;
    if (!this.#tunnels.has(tunnel) || tunnel.port !== null) return;
    if (!worker.running || !network.reachable(server.node, worker)) {
      return this.#break(tunnel, SILENCE_MS);
    }
    const jobs = worker.serving?.jobs;
    if (jobs === undefined) return;
    const answer = gateAnswer(jobs, { peer: server.node.peer, term, model });
    if (answer === "later") return;
    if (answer === "over") return this.#break(tunnel);
    tunnel.port = answer.port;
    this.#checkUsers(worker, model);
    const all = [...this.#tunnels].filter((one) => one.server === server);
    if (this.#failing.has(server) || !all.every(({ port }) => port !== null)) return;
    this.#takeShares(server, all);
    server.load();
  }

  /** Each worker's part of the model is as llama-server was told; the rest is on its own machine. */
  #takeShares(server: SimServer, tunnels: readonly Tunnel[]): void {
    const { node, spec } = server;
    if (spec.kind !== "llama-server") return;
    const needBytes = needOf(node, spec.modelName);
    const bytesOf = ({ share }: SplitMember) => share * needBytes;
    let ownBytes = needBytes;
    for (const { worker, port } of tunnels) {
      const member = spec.split.find(({ rpcPort }) => rpcPort === portTo(worker));
      if (member === undefined || port === null) continue;
      ownBytes -= bytesOf(member);
      const weights = member.deviceBytes ?? [];
      this.#servers.get(port)?.take(
        shareBytes(bytesOf(member), weights, worker.memory.offered),
      );
    }
    const local = spec.split.find(({ rpcPort }) => rpcPort === null);
    const gpus = local === undefined
      ? new Map()
      : shareBytes(bytesOf(local), local.deviceBytes ?? [], node.memory.offered);
    const onGpus = local === undefined ? 0 : bytesOf(local);
    server.take(added(gpus, new Map([["CPU", ownBytes - onGpus]])));
  }

  #break(tunnel: Tunnel, afterMs?: number): void {
    const { server, worker } = tunnel;
    if (!this.#tunnels.delete(tunnel)) return;
    this.#failing.add(server);
    const wait = afterMs ?? this.#world.network.delayMs(worker, server.node);
    server.node.clock.after(wait, () => server.fail("the RPC connection was closed"));
  }

  /** An rpc-server gives back what a client has put there once it sees that it has gone. */
  #end(tunnel: Tunnel): void {
    const { server: { node }, worker, port } = tunnel;
    this.#tunnels.delete(tunnel);
    const served = port === null ? undefined : this.#servers.get(port);
    if (served === undefined) return;
    const delayMs = this.#world.network.delayMs(node, worker);
    worker.clock.after(delayMs, () => worker.memory.release(served));
  }

  #checkUsers(worker: SimNode, model: ModelRef): void {
    const users = this.usersOf(worker, model);
    const hosts = new Set(users.map(({ host }) => host));
    if (hosts.size < 2) return;
    const names = users.map(({ host, term }) => `${host.name} (term ${term})`).join(" and ");
    this.#world.violations.push(`${worker.name} works for ${names} with ${model.name}`);
  }

  #of(worker: SimNode): Tunnel[] {
    return [...this.#tunnels].filter((tunnel) => tunnel.worker === worker);
  }
}
