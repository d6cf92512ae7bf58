import { peerIdOf } from "../../src/mesh/base/keys.ts";
import type { PeerId } from "../../src/mesh/base/peer_id.ts";
import { Moves } from "./moves.ts";
import { Signatures, SimNetwork } from "./network.ts";
import { Random } from "./random.ts";
import type { Setup } from "./scenario.ts";
import { SimNode } from "./sim_node.ts";
import { SimTunnels } from "./sim_tunnels.ts";
import { VirtualTime } from "./virtual_time.ts";

/** Everything there is in one simulation. The same seed and setup give the same events. */
export class World {
  readonly time = new VirtualTime();
  readonly random: Random;
  readonly network: SimNetwork;
  readonly signatures = new Signatures();
  readonly nodes: readonly SimNode[];
  readonly peers: ReadonlyMap<PeerId, SimNode>;
  readonly tunnels: SimTunnels;
  readonly moves: Moves;
  /** The violations of rules that must never happen. */
  readonly violations: string[] = [];
  /** The faults that were made on purpose, for the report of a failure. */
  readonly history: string[] = [];
  readonly setup: Setup;

  constructor(setup: Setup, random: Random) {
    this.setup = setup;
    this.random = random;
    const places = setup.nodes.map(() => random.between(0.1, 12));
    const latency = (a: SimNode, b: SimNode) => (places[a.index] ?? 1) + (places[b.index] ?? 1);
    this.network = new SimNetwork(this.time, new Random(random.int(2 ** 32)), latency);
    this.tunnels = new SimTunnels(this);
    this.moves = new Moves(() => this.time.now);
    this.nodes = setup.nodes.map((node, index) => new SimNode(this, index, newPeer(random), node));
    this.peers = new Map(this.nodes.map((node) => [node.peer, node]));
  }

  get living(): SimNode[] {
    return this.nodes.filter((node) => node.running);
  }

  /** Lets it run up to a moment, with the faults of the setup. */
  begin(): void {
    for (const node of this.nodes) {
      const token = node.setup.token.map((index) => this.nodes[index] as SimNode);
      this.time.at(node.setup.startsAtMs, () => node.start(token));
    }
    for (const fault of this.setup.faults) {
      this.time.at(fault.atMs, () => {
        this.history.push(`${Math.round(this.time.now)} ms: ${fault.name}`);
        this.moves.reason();
        fault.apply(this);
      });
    }
  }
}

export function newPeer(random: Random): PeerId {
  return peerIdOf(Uint8Array.from({ length: 32 }, () => random.int(256)));
}
