/** The faults of a mesh, with a beginning and an end. */

import { CALM, type Weather } from "./network.ts";
import type { Random } from "./random.ts";
import type { Fault } from "./scenario.ts";
import type { SimNode } from "./sim_node.ts";
import type { World } from "./world.ts";

/** While faults may begin, and when the last of them ends. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export type FaultMaker = (random: Random, span: Span, size: number) => Fault[];

const LOSSY: Weather = {
  loss: 0.2,
  duplication: 0.1,
  reordering: 0.2,
  reorderMs: 300,
  slowness: 1,
};

/** Of one storm. More are more of the same. */
const MOST_VICTIMS = 12;

/** Two moments within the span, one after the other. */
function interval(random: Random, { fromMs, toMs }: Span): [number, number] {
  const middle = random.between(fromMs, toMs);
  return [random.between(fromMs, middle), random.between(middle, toMs)];
}

export const badWeather: FaultMaker = (random, span) => {
  const [fromMs, untilMs] = interval(random, span);
  const weather = { ...LOSSY, slowness: random.between(1, 8) };
  return [
    { atMs: fromMs, name: "bad weather", apply: ({ network }) => network.weather = weather },
    { atMs: untilMs, name: "calm again", apply: ({ network }) => network.weather = CALM },
  ];
};

/** Cuts the network into two or three parts. */
export const partition: FaultMaker = (random, span) => {
  const [fromMs, untilMs] = interval(random, span);
  const parts = 2 + random.int(2);
  return [
    {
      atMs: fromMs,
      name: `cut into ${parts}`,
      apply: ({ network, nodes }) => {
        for (const node of nodes) network.cut([node], random.int(parts));
      },
    },
    { atMs: untilMs, name: "whole again", apply: ({ network }) => network.heal() },
  ];
};

/** Some nodes are killed within a moment; most of them start again. */
export const crashStorm: FaultMaker = (random, span, size) => {
  const [fromMs, untilMs] = interval(random, span);
  const victims = 1 + random.int(Math.min(Math.ceil(size / 3), MOST_VICTIMS));
  return Array.from({ length: victims }, () => random.int(size)).flatMap((index): Fault[] => {
    const crash: Fault = {
      atMs: fromMs + random.between(0, 200),
      name: `node ${index} is killed`,
      apply: ({ nodes }) => nodes[index]?.crash(),
    };
    if (random.chance(0.3)) return [crash];
    const start: Fault = {
      atMs: random.between(fromMs + 300, untilMs + 300),
      name: `node ${index} starts again`,
      apply: ({ nodes }) => nodes[index]?.start(),
    };
    return [crash, start];
  });
};

/** A node stops in order, and may come back. */
export const departure: FaultMaker = (random, span, size) => {
  const [fromMs, untilMs] = interval(random, span);
  const index = random.int(size);
  const stop: Fault = {
    atMs: fromMs,
    name: `node ${index} stops`,
    apply: ({ nodes }) => void nodes[index]?.stop(),
  };
  const gone: Fault = { atMs: fromMs + 1_000, name: `node ${index} is gone`, apply: () => {} };
  const start: Fault = {
    atMs: untilMs + 100,
    name: `node ${index} starts again`,
    apply: ({ nodes }) => nodes[index]?.start(),
  };
  return random.chance(0.5) ? [stop, start] : [stop, gone];
};

/** A process is too busy to answer, for less or longer than others wait for it. */
export const stall: FaultMaker = (random, span, size) => {
  const [fromMs, untilMs] = interval(random, span);
  const index = random.int(size);
  const forMs = Math.min(untilMs - fromMs, random.between(500, 15_000));
  return [{
    atMs: fromMs,
    name: `node ${index} stalls for ${Math.round(forMs)} ms`,
    apply: ({ nodes }) => nodes[index]?.stall(forMs),
  }, { atMs: fromMs + forMs, name: `node ${index} goes on`, apply: () => {} }];
};

/** Somebody sets a machine's clock. */
export const clockJump: FaultMaker = (random, span, size) => {
  const index = random.int(size);
  const skewMs = random.between(-3_600_000, 3_600_000);
  return [{
    atMs: random.between(span.fromMs, span.toMs),
    name: `the clock of node ${index} jumps`,
    apply: ({ nodes }) => nodes[index]?.setClock(skewMs),
  }];
};

/** A member tells others that living ones are dead, repeats what is over and signs nonsense. */
export const liar: FaultMaker = (random, { fromMs, toMs }, size) => {
  const index = random.int(size);
  const times = Array.from({ length: 5 }, () => random.between(fromMs, toMs));
  return times.map((atMs) => ({
    atMs,
    name: `node ${index} lies`,
    apply: (world) => lie(world, world.nodes[index] as SimNode, random),
  }));
};

function lie({ nodes, signatures }: World, from: SimNode, random: Random): void {
  const subject = random.pick(nodes);
  if (!from.running || subject === from) return;
  const known = from.member.view.announcementOf(subject.peer);
  if (known === undefined) return;
  const ahead = random.pick([0, 1, 1_000]);
  const notice = signatures.sign({
    subject: subject.peer,
    signer: from.peer,
    status: "dead",
    incarnation: known.incarnation + random.pick([0, 0, 1_000_000]),
    seq: known.seq + ahead,
    announcement: null,
  });
  const stale = signatures.sign({
    subject: subject.peer,
    signer: subject.peer,
    status: "alive",
    incarnation: known.incarnation,
    seq: Math.max(known.seq - 1, 0),
    announcement: { ...known, seq: Math.max(known.seq - 1, 0) },
  });
  const forged = { ...notice, bytes: new Uint8Array(4) };
  for (const peer of random.sample([...from.links.connectedMembers()], 3)) {
    from.links.send(peer, [random.pick([notice, notice, stale, forged])]);
  }
}

export const EVERY_FAULT: readonly FaultMaker[] = [
  badWeather,
  partition,
  crashStorm,
  departure,
  stall,
  clockJump,
  liar,
];
