/** Two halves that know each other by one node alone, which dies. */

import { nobodyAliveIsDead, sameView } from "./invariants.ts";
import type { Random } from "./random.ts";
import type { Fault, Invariant, NodeSetup, Scenario } from "./scenario.ts";
import type { World } from "./world.ts";

const GB = 1e9;

/** The bridge is node 0; the others are of one half and of the other in turn. */
function nodesOf(random: Random, size: number): NodeSetup[] {
  return Array.from({ length: size }, (_, index) => {
    const known = [0, ...range(index).filter((other) => other > 0 && half(other) === half(index))];
    return {
      memoryBytes: 8 * GB,
      told: null,
      models: [],
      split: false,
      idle: true,
      skewMs: random.between(-300_000, 300_000),
      startsAtMs: index === 0 ? 0 : random.between(100, 2_000),
      // The first of each half has the bridge's token, the others one of their own half or the bridge's.
      token: index === 0 ? [] : [random.pick(index < 3 ? [0] : known)],
    };
  });
}

const kill = (atMs: number): Fault => ({
  atMs,
  name: "the bridge is killed",
  apply: ({ nodes }) => nodes[0]?.crash(),
});

/** Only the bridge reaches both halves. Once it is dead the network between them is repaired. */
export const bridge: Scenario = {
  name: "bridge",
  invariants: [sameView, nobodyAliveIsDead],
  setup: (random, size) => {
    const joinedAtMs = 30_000;
    const killedAtMs = joinedAtMs + random.between(100, 5_000);
    const quietAtMs = killedAtMs + random.between(1_000, 60_000);
    const faults: Fault[] = [
      {
        atMs: 0,
        name: "the halves do not reach each other",
        apply: ({ network, nodes }) => {
          for (const node of nodes.slice(1)) network.cut([node], half(node.index));
        },
      },
      kill(killedAtMs),
      { atMs: quietAtMs, name: "they do", apply: ({ network }) => network.heal() },
    ];
    return { nodes: nodesOf(random, size), faults, joinedAtMs, quietAtMs };
  },
};

/** A node that has been heard of is found: no halves are left that could be one mesh. */
const heardIsMember: Invariant = {
  name: "every living node that was heard of is a member",
  when: "view",
  check: ({ living }: World) => {
    for (const node of living) {
      const { view } = node.member;
      const missed = living.find(({ peer }) =>
        peer !== node.peer && view.lastOf(peer) !== undefined && !view.isAlive(peer)
      );
      if (missed !== undefined) return `${node.name} has heard of ${missed.name} and lost it`;
      const onesided = living.find(({ peer, member }) =>
        view.isAlive(peer) && peer !== node.peer && !member.view.isAlive(node.peer)
      );
      if (onesided !== undefined) return `${onesided.name} does not know ${node.name}`;
    }
    return undefined;
  },
};

/** The bridge dies while the halves hear of each other: some of them have, some have not. */
export const introduction: Scenario = {
  name: "introduction",
  invariants: [heardIsMember],
  setup: (random, size) => {
    const quietAtMs = random.between(500, 3_000);
    return { nodes: nodesOf(random, size), faults: [kill(quietAtMs)], joinedAtMs: 0, quietAtMs };
  },
};

function half(index: number): number {
  return index % 2;
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}
