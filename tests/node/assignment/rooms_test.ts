/** Meshes whose machines have room for several models: what each of them ends up doing, as a reader would have it. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { assign } from "../../../src/node/plan/assignment/assign.ts";
import type { PeerId } from "../../../src/mesh/mod.ts";
import type { Downloadable } from "../../../src/node/plan/assignment/assignments.ts";
import { servedBy } from "../../../src/node/plan/assignment/running.ts";
import { takeStock } from "../../../src/node/plan/assignment/stock.ts";
import { MAX_STANDBY_HELPERS } from "../../../src/node/plan/defaults.ts";
import { ledgerOf } from "../../../src/node/plan/ledger.ts";
import { byPeer, everyone, fileOf, type Member, sameModel } from "../../../src/node/plan/view.ts";
import { draws } from "../drawn_meshes.ts";
import { view } from "../members.ts";
import { type FleetNode, memberOf, play, type Played, type TakenPart, workOf } from "./fleet.ts";

/** In GB. */
const DISK = { chat: 40, code: 20, embed: 2, rerank: 1, huge: 150 };

/** A machine whose user named these models for it; it wants more of the mesh. */
function told(name: string, memory: number, pins: readonly string[], more: readonly string[] = []) {
  return { name, memory, disk: DISK, pins, models: [...pins, ...more] };
}

/** One that the mesh may use, with all of it on its disk. */
function free(name: string, memory: number, more: Partial<FleetNode> = {}): FleetNode {
  return { name, memory, disk: DISK, ...more };
}

/** A machine whose user named these models for it, and has each of them split. */
function forcing(memory: number, ...pins: readonly string[]): FleetNode {
  return { ...told("a", memory, pins), split: true };
}

/** Somebody's laptop: it serves the smallest, has nothing else, and wants these of the mesh. */
function asking(...wanted: string[]): FleetNode {
  return {
    name: "a",
    memory: 1,
    disk: { rerank: 1 },
    pins: ["rerank"],
    models: ["rerank", ...wanted],
  };
}

/** It serves `y`, and its user wants `x` of it, which it can't hold alone. */
function outgrown({ memory, gpu }: { memory: number; gpu: number }, y = 4.4): FleetNode {
  return { name: "n0", memory, gpu, disk: { x: 12.1, y }, models: ["x"], serves: "y" };
}

/** All its memory is on a GPU. */
function helper(name: string, memory: number): FleetNode {
  return { name, memory, gpu: memory };
}

interface Row {
  readonly fact: string;
  readonly nodes: readonly FleetNode[];
  readonly catalog?: readonly Downloadable[];
  readonly expected: Readonly<Record<string, string>>;
}

const ROWS: readonly Row[] = [
  {
    fact: "one machine serves all that its user named, in their order",
    nodes: [told("a", 64, ["chat", "embed", "rerank"])],
    expected: { a: "chat alone, embed alone, rerank alone" },
  },
  {
    fact: "... as far as they fit",
    nodes: [told("a", 50, ["chat", "code"])],
    expected: { a: "chat alone" },
  },
  {
    fact: "... the first before the largest",
    nodes: [told("a", 50, ["code", "chat"])],
    expected: { a: "code alone" },
  },
  {
    fact: "... and a later one where an earlier one does not fit",
    nodes: [told("a", 50, ["chat", "code", "embed"])],
    expected: { a: "chat alone, embed alone" },
  },
  {
    fact: "what does not fit is served by another machine",
    nodes: [told("a", 50, ["chat", "code"]), free("b", 30)],
    expected: { a: "chat alone", b: "code alone" },
  },
  {
    fact: "a user's machine takes beside its own what nobody else can",
    nodes: [told("a", 64, ["chat"], ["code"])],
    expected: { a: "chat alone, code alone" },
  },
  {
    fact: "... and leaves it to one that the mesh may use",
    nodes: [told("a", 64, ["chat"], ["code"]), free("b", 30)],
    expected: { a: "chat alone", b: "code alone" },
  },
  {
    fact: "... also where that one has to end a replica for it",
    nodes: [
      { ...told("a", 64, ["chat"], ["code"]), serves: "chat" },
      free("b", 45, { serves: "chat" }),
    ],
    expected: { a: "chat alone", b: "code alone" },
  },
  {
    fact: "... and what it was told stays, whatever is wanted",
    nodes: [told("a", 64, ["chat"], ["code", "embed", "huge"])],
    expected: { a: "chat alone, code alone, embed alone" },
  },
  {
    fact: "one machine takes all that is wanted of it",
    nodes: [asking("chat", "code", "embed"), free("b", 64)],
    expected: { a: "rerank alone", b: "chat alone, code alone, embed alone" },
  },
  {
    fact: "two machines take one each, though either holds both",
    nodes: [asking("chat", "code"), free("b", 64), free("c", 64)],
    expected: { a: "rerank alone", b: "chat alone", c: "code alone" },
  },
  {
    fact: "the third goes where least is left that holds it",
    nodes: [asking("chat", "code", "embed"), free("b", 64), free("c", 48)],
    expected: { a: "rerank alone", b: "code alone", c: "chat alone, embed alone" },
  },
  {
    fact: "memory for two of three on one machine: the larger ones are served",
    nodes: [asking("chat", "code", "embed"), free("b", 60)],
    expected: { a: "rerank alone", b: "chat alone, code alone" },
  },
  {
    fact: "a large one comes before the small ones that would keep it out",
    nodes: [asking("embed", "rerank", "chat"), free("b", 41)],
    expected: { a: "rerank alone", b: "chat alone" },
  },
  {
    fact:
      "memory for two of three on two machines: both serve one, the small one finds room beside it",
    nodes: [asking("chat", "code", "embed"), free("b", 41), free("c", 22)],
    expected: { a: "rerank alone", b: "chat alone", c: "code alone, embed alone" },
  },
  {
    fact: "three large ones, and room for two of them",
    nodes: [asking("chat", "code", "other"), free("b", 45), {
      name: "c",
      memory: 35,
      disk: { code: 20, other: 30 },
    }],
    expected: { a: "rerank alone", b: "chat alone", c: "other alone" },
  },
  {
    fact: "what only one machine has goes there, though another was as free",
    nodes: [asking("chat", "code"), free("b", 45), { name: "c", memory: 45, disk: { chat: 40 } }],
    expected: { a: "rerank alone", b: "code alone", c: "chat alone" },
  },
  {
    fact: "a model that was given a moment ago makes room for one that fits nowhere else",
    nodes: [
      asking("one", "two", "three"),
      { name: "b", memory: 30, disk: { one: 15, two: 15 } },
      { name: "c", memory: 30, disk: { one: 15, three: 30 } },
    ],
    expected: { a: "rerank alone", b: "two alone, one alone", c: "three alone" },
  },
  {
    fact: "a machine that serves one has room for another",
    nodes: [asking("chat", "code"), free("b", 64, { serves: "chat" })],
    expected: { a: "rerank alone", b: "chat alone, code alone" },
  },
  {
    fact: "one that does nothing comes before one that has room",
    nodes: [asking("chat", "code"), free("b", 64, { serves: "chat" }), free("c", 22)],
    expected: { a: "rerank alone", b: "chat alone", c: "code alone" },
  },
  {
    fact: "of two with room the one that is asked less",
    nodes: [
      { ...asking("chat", "code", "embed"), name: "w" },
      free("b", 45, { serves: "chat", demand: { chat: 2 } }),
      free("c", 45, { serves: "code" }),
    ],
    expected: { w: "rerank alone", b: "chat alone", c: "code alone, embed alone" },
  },
  {
    fact: "of two with room the one that does less",
    nodes: [
      asking("chat", "code", "embed", "tiny"),
      free("b", 64, { serves: ["code", "embed"], disk: { ...DISK, tiny: 1 } }),
      free("c", 48, { serves: "chat", disk: { ...DISK, tiny: 1 } }),
    ],
    expected: { a: "rerank alone", b: "code alone, embed alone", c: "chat alone, tiny alone" },
  },
  {
    fact: "room beside what runs comes before the end of a replica",
    nodes: [
      { ...asking("chat", "code"), name: "w" },
      told("a", 40, ["chat"]),
      free("b", 45, { serves: "chat" }),
      free("c", 64, { serves: "chat" }),
    ],
    expected: { w: "rerank alone", a: "chat alone", b: "chat alone", c: "chat alone, code alone" },
  },
  {
    fact: "no more replicas end than make room",
    nodes: [
      {
        ...told("a", 43, ["chat", "embed", "rerank"], ["code"]),
        serves: ["chat", "embed", "rerank"],
      },
      free("b", 43, { serves: ["chat", "embed", "rerank"] }),
    ],
    expected: {
      a: "chat alone, embed alone, rerank alone",
      b: "embed alone, rerank alone, code alone",
    },
  },
  {
    fact: "a machine that serves two makes room where another can take one of them",
    nodes: [
      asking("chat", "code", "embed"),
      { name: "b", memory: 45, disk: { chat: 40, code: 20, embed: 2 }, serves: ["code", "embed"] },
      { name: "c", memory: 22, disk: { code: 20, embed: 2 } },
    ],
    expected: { a: "rerank alone", b: "embed alone, chat alone", c: "code alone" },
  },
  {
    fact: "... also where that one has to make room itself",
    nodes: [
      asking("chat", "code", "embed"),
      { name: "b", memory: 41, disk: { chat: 40, code: 20 }, serves: ["code"] },
      { name: "c", memory: 21, disk: { code: 20, embed: 2 }, serves: "embed" },
      { name: "d", memory: 3, disk: { embed: 2 } },
    ],
    expected: { a: "rerank alone", b: "chat alone", c: "code alone", d: "embed alone" },
  },
  {
    fact: "a replica for nothing to do, one at most",
    nodes: [told("a", 64, ["chat", "code"]), free("b", 128)],
    expected: { a: "chat alone, code alone", b: "chat alone" },
  },
  {
    fact: "a machine that does something gets no replica, however much is free",
    nodes: [asking("chat"), told("x", 64, ["code"]), free("b", 128)],
    expected: { a: "rerank alone", x: "code alone", b: "chat alone" },
  },
  {
    fact: "a model that is asked for a lot goes to a machine with room beside what it does",
    nodes: [
      { ...told("a", 45, ["chat"], ["code"]), serves: "chat", demand: { chat: 4 } },
      free("b", 64, { serves: "code" }),
    ],
    expected: { a: "chat alone", b: "code alone, chat alone" },
  },
  {
    fact: "... but not to one that is asked as much for another",
    nodes: [
      { ...told("a", 45, ["chat"], ["code"]), serves: "chat", demand: { chat: 4 } },
      free("b", 64, { serves: "code", demand: { code: 4 } }),
    ],
    expected: { a: "chat alone", b: "code alone" },
  },
  {
    fact: "... nor to one that serves it already",
    nodes: [{ ...told("a", 128, ["chat"]), serves: "chat", demand: { chat: 4 } }],
    expected: { a: "chat alone" },
  },
  {
    fact: "a catalog model is downloaded by a machine that has room for it beside what it serves",
    nodes: [asking("chat", "new"), free("b", 64, { serves: "chat", downloadBytes: 100 })],
    catalog: [{ name: "new", sizeBytes: 10, needBytes: 12 }],
    expected: { a: "rerank alone", b: "chat alone, new alone" },
  },
  {
    fact: "... but not by one that has none",
    nodes: [asking("chat", "new"), free("b", 45, { serves: "chat", downloadBytes: 100 })],
    catalog: [{ name: "new", sizeBytes: 10, needBytes: 12 }],
    expected: { a: "rerank alone", b: "chat alone" },
  },
  {
    fact: "a user's machine downloads nothing for others",
    nodes: [{ ...told("a", 64, ["chat"], ["new"]), downloadBytes: 100 }],
    catalog: [{ name: "new", sizeBytes: 10, needBytes: 12 }],
    expected: { a: "chat alone" },
  },
  {
    fact: "what is free of two busy machines holds together what neither holds",
    nodes: [
      asking("chat", "code", "huge"),
      free("b", 130, { serves: "chat" }),
      free("c", 110, { serves: "code" }),
    ],
    expected: { a: "rerank alone", b: "huge worker, chat alone", c: "code alone, huge host" },
  },
  {
    fact: "a machine that does nothing helps before one that has room",
    nodes: [
      asking("chat", "huge"),
      free("b", 140, { serves: "chat" }),
      free("c", 90),
      free("d", 90),
    ],
    expected: { a: "rerank alone", b: "chat alone", c: "huge worker", d: "huge host" },
  },
  {
    fact: "replicas end for a split that nothing less can form",
    nodes: [told("a", 41, ["chat"], ["huge"]), free("b", 100, { serves: "chat" }), free("c", 80)],
    expected: { a: "chat alone", b: "huge host", c: "huge worker" },
  },
  {
    fact: "a user's machine lends its room to a split that lacks it",
    nodes: [told("a", 100, ["chat"], ["huge"]), free("b", 100)],
    expected: { a: "chat alone, huge worker", b: "huge host" },
  },
  {
    fact: "a machine lends its room beside what it is about to load to the split of another's user",
    nodes: [
      { ...asking("chat", "code", "embed", "huge"), name: "w" },
      { name: "a", memory: 45, disk: { chat: 40, code: 20 } },
      { name: "b", memory: 3 },
      {
        name: "c",
        memory: 22,
        disk: { code: 20, embed: 2, rerank: 1 },
        models: ["embed", "rerank"],
        pins: ["embed", "rerank"],
      },
    ],
    expected: {
      w: "rerank alone",
      a: "code worker, chat alone",
      b: "-",
      c: "embed alone, rerank alone, code host",
    },
  },
  {
    fact: "a model that waits for memory gets it from machines that serve something else",
    nodes: [
      told("a", 100, ["huge"], ["chat"]),
      free("b", 95, { serves: "chat" }),
    ],
    expected: { a: "huge host", b: "huge worker, chat alone" },
  },
  {
    fact: "... or is served by one that has room for all of it",
    nodes: [told("a", 100, ["huge"], ["chat"]), free("b", 200, { serves: "chat" })],
    expected: { a: "huge waits", b: "chat alone, huge alone" },
  },
  {
    fact: "a model that waits in vain leaves its machine's memory to another",
    nodes: [told("a", 100, ["huge"], ["chat"])],
    expected: { a: "huge waits, chat alone" },
  },
  {
    fact: "... and what nobody wants yields to it as soon as others have the rest of its memory",
    nodes: [outgrown({ memory: 5, gpu: 2 }), { ...helper("n1", 8), disk: { x: 12.1 } }, {
      name: "n2",
      memory: 4,
    }],
    expected: { n0: "x worker", n1: "x host", n2: "-" },
  },
  {
    fact: "... also where somebody else wants it",
    nodes: [
      { ...asking("y"), name: "w" },
      outgrown({ memory: 5, gpu: 2 }),
      { ...helper("n1", 8), disk: { x: 12.1 } },
    ],
    expected: { w: "rerank alone", n0: "x worker", n1: "x host" },
  },
  {
    fact: "... and where it takes two of them",
    nodes: [outgrown({ memory: 5, gpu: 2 }), helper("n1", 4), helper("n2", 4)],
    expected: { n0: "x host", n1: "x worker", n2: "x worker" },
  },
  {
    fact: "a GPU that is taken leaves main memory to the second model",
    nodes: [asking("code", "embed"), { ...free("b", 48), gpu: 20 }],
    expected: { a: "rerank alone", b: "code alone, embed alone" },
  },
  {
    fact: "the machine whose GPU is still free takes the second model",
    nodes: [
      asking("chat", "code", "embed"),
      { ...free("b", 64, { serves: "code" }), gpu: 20 },
      { ...free("c", 64, { serves: "chat" }), gpu: 45 },
    ],
    expected: { a: "rerank alone", b: "code alone", c: "chat alone, embed alone" },
  },
  {
    fact: "two small ones share a GPU that a large one would need main memory for",
    nodes: [asking("chat", "embed", "tiny"), {
      name: "b",
      memory: 64,
      gpu: 16,
      disk: { ...DISK, tiny: 1 },
    }],
    expected: { a: "rerank alone", b: "chat alone, embed alone, tiny alone" },
  },
  {
    fact: "a machine that fails a model keeps the others, and another takes that one",
    nodes: [
      asking("chat", "embed"),
      free("b", 64, { serves: ["chat", "embed"], fails: "embed" }),
      free("c", 64),
    ],
    expected: { a: "rerank alone", b: "chat alone, embed alone", c: "embed alone" },
  },
  {
    fact: "a dropped model goes nowhere near the machine that dropped it",
    nodes: [asking("chat", "embed"), free("b", 64, { refuses: ["embed"] }), free("c", 3)],
    expected: { a: "rerank alone", b: "chat alone", c: "embed alone" },
  },
  {
    fact: "a machine of an earlier version has one model and no room",
    nodes: [asking("chat", "embed"), free("b", 64, { serves: "chat", isOld: true })],
    expected: { a: "rerank alone", b: "chat alone" },
  },
  {
    fact: "... so that the second goes to one of today",
    nodes: [
      asking("chat", "embed"),
      free("b", 64, { serves: "chat", isOld: true }),
      free("c", 64, { serves: "chat" }),
    ],
    expected: { a: "rerank alone", b: "chat alone", c: "chat alone, embed alone" },
  },
  {
    fact: "a free machine joins all splits that a user forces",
    nodes: [forcing(64, "chat", "embed"), free("b", 32, { disk: {} })],
    expected: { a: "chat host, embed host", b: "chat worker, embed worker" },
  },
  {
    fact: "... and so do two of them, and one that serves something else beside",
    nodes: [
      forcing(128, "chat", "code"),
      free("b", 32, { disk: {} }),
      free("c", 64, { disk: { embed: 2 }, serves: "embed" }),
    ],
    expected: {
      a: "chat host, code host",
      b: "chat worker, code worker",
      c: "chat worker, code worker, embed alone",
    },
  },
  {
    fact: "a machine that fills a gap joins a forced split with what it has left",
    nodes: [
      { ...forcing(64, "chat"), models: ["chat", "rerank2"] },
      free("b", 32, { disk: { rerank2: 4 } }),
    ],
    expected: { a: "chat host", b: "chat worker, rerank2 alone" },
  },
  {
    fact: "... but gives nothing up for it, and is not disturbed for a crumb",
    nodes: [
      forcing(64, "chat"),
      free("b", 20, { serves: "code" }),
      free("c", 22, { serves: "code" }),
    ],
    expected: { a: "chat alone", b: "code alone", c: "code alone" },
  },
  {
    fact: "a split that takes part of the first model makes room for the second",
    nodes: [forcing(50, "chat", "code"), free("b", 30)],
    expected: { a: "chat host, code host", b: "chat worker, code worker" },
  },
  {
    fact: "a split that another than its host forces is joined as well",
    nodes: [
      told("a", 64, ["chat"]),
      { ...told("b", 32, ["chat"]), split: true },
      free("c", 32, { disk: { embed: 2 }, serves: "embed" }),
    ],
    expected: { a: "chat host", b: "chat worker", c: "chat worker, embed alone" },
  },
  {
    fact: "a machine that has dropped one of them joins the others",
    nodes: [forcing(64, "chat", "code"), free("b", 32, { refuses: ["code"], disk: {} })],
    expected: { a: "chat host, code alone", b: "chat worker" },
  },
  {
    fact: "a user's machine with a model of its own has no part in them",
    nodes: [forcing(64, "chat"), told("b", 64, ["code"])],
    expected: { a: "chat alone", b: "code alone" },
  },
];

for (const row of ROWS) {
  for (const together of [true, false]) {
    Deno.test(`rooms: ${row.fact}${together ? "" : ", one after the other"}`, () => {
      const { catalog = [], nodes } = row;
      const old = nodes.filter(({ isOld }) => isOld).map(({ name }) => name);
      const { plans, rounds, moves } = play(nodes.map(memberOf), { catalog, together, old });
      const got = Object.fromEntries([...plans].map(([name, list]) => [name, workOf(list)]));
      assert.notEqual(rounds, undefined, `never comes to rest: ${moves.slice(-12).join(", ")}`);
      assert.deepEqual(got, row.expected, moves.join(", "));
    });
  }
}

interface Story {
  readonly fact: string;
  readonly nodes: readonly FleetNode[];
  /** It dies once the mesh has come to rest, and comes back with nothing running once it has again. */
  readonly dies: string;
  readonly before: Readonly<Record<string, string>>;
  readonly after: Readonly<Record<string, string>>;
  readonly back: Readonly<Record<string, string>>;
}

const LARGE = { one: 40, two: 40, three: 40 };

const STORIES: readonly Story[] = [
  {
    fact:
      "memory for two of three: one of them is lost, and one of the others comes with the machine",
    nodes: [
      asking("one", "two", "three"),
      { name: "b", memory: 45, disk: LARGE },
      { name: "c", memory: 45, disk: LARGE },
    ],
    dies: "c",
    before: { a: "rerank alone", b: "one alone", c: "three alone" },
    after: { a: "rerank alone", b: "one alone" },
    back: { a: "rerank alone", b: "one alone", c: "three alone" },
  },
  {
    fact: "the other one dies",
    nodes: [
      asking("one", "two", "three"),
      { name: "b", memory: 45, disk: LARGE },
      { name: "c", memory: 45, disk: LARGE },
    ],
    dies: "b",
    before: { a: "rerank alone", b: "one alone", c: "three alone" },
    after: { a: "rerank alone", c: "three alone" },
    back: { a: "rerank alone", c: "three alone", b: "one alone" },
  },
  {
    fact: "the machine that is left takes all beside what it does, and nothing moves back",
    nodes: [asking("chat", "code", "embed"), free("b", 64), free("c", 48)],
    dies: "c",
    before: { a: "rerank alone", b: "code alone", c: "chat alone, embed alone" },
    after: { a: "rerank alone", b: "code alone, chat alone, embed alone" },
    back: { a: "rerank alone", b: "code alone, chat alone, embed alone", c: "chat alone" },
  },
  {
    fact: "... or as much as it has room for",
    nodes: [asking("chat", "code", "embed"), free("b", 64), free("c", 48)],
    dies: "b",
    before: { a: "rerank alone", b: "code alone", c: "chat alone, embed alone" },
    after: { a: "rerank alone", c: "chat alone, embed alone" },
    back: { a: "rerank alone", c: "chat alone, embed alone", b: "code alone" },
  },
  {
    fact: "a split ends with one of its machines, and forms again with it",
    nodes: [asking("huge"), free("b", 100), free("c", 100)],
    dies: "c",
    before: { a: "rerank alone", b: "huge worker", c: "huge host" },
    after: { a: "rerank alone", b: "rerank alone" },
    back: { a: "rerank alone", b: "huge worker, rerank alone", c: "huge host" },
  },
  {
    fact: "what is lost finds room beside a split",
    nodes: [asking("huge", "chat"), free("b", 100), free("c", 80), free("d", 140)],
    dies: "c",
    before: { a: "rerank alone", b: "huge worker", c: "chat alone", d: "huge host" },
    after: { a: "rerank alone", b: "huge worker", d: "huge host, chat alone" },
    back: { a: "rerank alone", b: "huge worker", d: "huge host, chat alone", c: "chat alone" },
  },
  {
    fact: "a user's machine takes what another one's user wanted, and keeps it",
    nodes: [asking("chat", "code"), told("b", 64, ["chat"]), told("c", 64, ["code"])],
    dies: "c",
    before: { a: "rerank alone", b: "chat alone", c: "code alone" },
    after: { a: "rerank alone", b: "chat alone, code alone" },
    back: { a: "rerank alone", b: "chat alone, code alone", c: "code alone" },
  },
  {
    fact: "a replica answers on, and its user's machine serves again when it is back",
    nodes: [asking("chat", "code"), free("b", 64), told("c", 41, ["chat"]), free("d", 22)],
    dies: "c",
    before: { a: "rerank alone", b: "chat alone", c: "chat alone", d: "code alone" },
    after: { a: "rerank alone", b: "chat alone", d: "code alone" },
    back: { a: "rerank alone", b: "chat alone", d: "code alone", c: "chat alone" },
  },
];

for (const story of STORIES) {
  Deno.test(`a machine dies and comes back: ${story.fact}`, () => {
    const { nodes, dies } = story;
    const wordsOf = ({ plans }: Played) =>
      Object.fromEntries([...plans].map(([name, list]) => [name, workOf(list)]));
    const before = play(nodes.map(memberOf));
    const others = new Map([...before.plans].filter(([name]) => name !== dies));
    const after = play(before.members.filter(({ peer }) => peer !== dies), { plans: others });
    const again = nodes.filter(({ name }) => name === dies).map(memberOf);
    const back = play([...after.members, ...again], { plans: after.plans });
    for (const { rounds } of [before, after, back]) assert.notEqual(rounds, undefined);
    assert.deepEqual([before, after, back].map(wordsOf), [story.before, story.after, story.back]);
  });
}

const anyNode = fc.record({
  memory: fc.constantFrom(3, 22, 41, 45, 64, 100, 160),
  gpu: fc.constantFrom(0, 0, 0.4, 1),
  disk: fc.subarray(Object.keys(DISK)),
  pins: fc.subarray(Object.keys(DISK), { maxLength: 3 }),
  isTold: fc.boolean(),
  demand: fc.dictionary(fc.constantFrom("chat", "code"), fc.constantFrom(0.25, 1, 4, 8)),
});

/** Shares are rounded to bytes, which is to make no difference. */
const FINE = 1000;

type Drawn = typeof anyNode extends fc.Arbitrary<infer Node> ? Node : never;

function fleetOf(drawn: readonly Drawn[]): Member[] {
  const nodes = drawn.map(
    ({ memory, gpu, disk, pins, isTold, demand }, index): FleetNode => {
      const files = isTold ? [...new Set([...disk, ...pins])] : disk;
      return {
        name: `n${index}`,
        memory: memory * FINE,
        gpu: memory * FINE * gpu,
        demand,
        disk: Object.fromEntries(
          Object.entries(DISK).filter(([name]) => files.includes(name))
            .map(([name, size]) => [name, size * FINE]),
        ),
        ...(isTold && pins.length > 0 ? { pins, models: pins } : {}),
      };
    },
  );
  const asker = asking("chat", "code", "embed", "huge");
  const rest = { name: "w", memory: FINE, disk: { rerank: FINE } };
  return [{ ...asker, ...rest }, ...nodes].map(memberOf);
}

function heldOf({ reservations }: Member): number {
  return reservations.flatMap(({ devices }) => devices).reduce((sum, { bytes }) => sum + bytes, 0);
}

const anyFleet = fc.array(anyNode, { minLength: 1, maxLength: 7 });

Deno.test("rooms: any mesh comes to rest, holds no more than it has, and leaves nothing that fits", () => {
  fc.assert(
    fc.property(anyFleet, fc.boolean(), (drawn, together) => {
      const fleet = fleetOf(drawn);
      // A split forms step by step: its machines do not all act at the very same moment, on the view of the moment before.
      const canSplit = fleet.some(({ models }) => models.some(({ name }) => name === "huge"));
      const { members, rounds, moves } = play(fleet, { together: together && !canSplit });
      assert.notEqual(rounds, undefined, `never comes to rest: ${moves.slice(-12).join(", ")}`);
      const served = new Set(members.flatMap(servedBy));
      for (const member of members) {
        const leftBytes = member.memoryBytes - heldOf(member);
        // Shares are rounded up, each on its own.
        assert.ok(leftBytes >= -10, `${member.peer} holds too much: ${moves.join(", ")}`);
        const open = member.models.find(({ name, needBytes }) =>
          !served.has(name) && members.some(({ wanted }) => wanted.includes(name)) &&
          needBytes <= leftBytes
        );
        assert.equal(open, undefined, `${member.peer} has room: ${moves.join(", ")}`);
      }
    }),
    draws(60),
  );
});

Deno.test("rooms: any mesh comes to rest where models take more or less memory than is planned", () => {
  fc.assert(
    fc.property(
      anyFleet,
      fc.infiniteStream(fc.constantFrom(0.7, 0.9, 1, 1.02, 1.1, 1.3)),
      (drawn, parts) => {
        const taken = new Map<string, number>();
        const takenPart: TakenPart = (peer, { name }) => {
          const part = taken.get(`${peer} ${name}`) ?? parts.next().value;
          taken.set(`${peer} ${name}`, part);
          return part;
        };
        const { rounds, moves } = play(fleetOf(drawn), { together: false, takenPart });
        const last = moves.slice(-12).join(", ");
        assert.notEqual(rounds, undefined, `never comes to rest: ${last}`);
      },
    ),
    draws(60),
  );
});

const anyHelper = fc.record({
  memory: fc.integer({ min: 1, max: 11 }),
  gpu: fc.constantFrom(0, 0.5, 1),
  disk: fc.constantFrom({}, { x: 12.1 }),
});

Deno.test("rooms: what a user wants first is served where memory is, whatever its machine and others serve", () => {
  const anySize = fc.integer({ min: 2, max: 11 });
  fc.assert(
    fc.property(
      fc.record({ memory: anySize, gpu: fc.nat(11), y: fc.integer({ min: 1, max: 11 }) }),
      fc.array(anyHelper, { minLength: 1, maxLength: 3 }),
      fc.boolean(),
      ({ memory, gpu, y }, helpers, isLent) => {
        const self = outgrown({ memory, gpu: Math.min(gpu, memory) }, Math.min(y, memory));
        const others = helpers.map((one, index): FleetNode => (
          { ...one, name: `n${index + 1}`, gpu: one.memory * one.gpu }
        ));
        fc.pre(others.reduce((sum, one) => sum + one.memory, memory) >= 12.1);
        const start = [{ ...self, models: isLent ? ["y"] : ["x"] }, ...others].map(memberOf);
        // The GPUs of others may be lent to the first model before its user wants the second.
        const before = play(start, { together: false, rounds: isLent ? 40 : 0 });
        const { targets, wanted } = memberOf(self);
        const members = before.members.map((one) =>
          one.peer === self.name ? { ...one, targets, wanted } : one
        );
        const after = play(members, { together: false, plans: before.plans });
        assert.notEqual(after.rounds, undefined, `never comes to rest: ${after.moves.slice(-12)}`);
        assert.ok(after.members.some((member) => servedBy(member).includes("x")), `${after.moves}`);
      },
    ),
    draws(60),
  );
});

Deno.test("rooms: a mesh with forced splits comes to rest, and whoever has room is in each of them", () => {
  const anyForcing = fc.record({
    memory: fc.constantFrom(22, 64, 160),
    pins: fc.subarray(Object.keys(DISK), { minLength: 1, maxLength: 3 }),
  });
  fc.assert(
    fc.property(anyFleet, anyForcing, (nodes, { memory, pins }) => {
      // The user's machine is the only one that is told what to do.
      const drawn = nodes.map((one): Drawn => ({ ...one, isTold: false, gpu: 0, demand: {} }));
      const [forcing] = fleetOf([{
        memory,
        gpu: 0,
        disk: [],
        pins,
        isTold: true,
        demand: {},
      }]).slice(1);
      const user = { ...forcing as Member, peer: "u" as PeerId, split: true };
      const { members, rounds, moves } = play([...fleetOf(drawn), user], { together: false });
      assert.notEqual(rounds, undefined, `never comes to rest: ${moves.slice(-12).join(", ")}`);
      const forced = members.flatMap(({ peer, instances }) =>
        instances.filter(({ model, state }) => state === "warm" && pins.includes(model.name)).map((
          instance,
        ) => ({ peer, instance }))
      );
      // A machine that waits with a model keeps its memory for it.
      const isWaited = members.some(({ instances }) =>
        instances.some((one) => one.state === "waiting")
      );
      for (const member of members) {
        const leftBytes = member.memoryBytes - heldOf(member);
        assert.ok(leftBytes >= -10, `${member.peer} holds too much: ${moves.join(", ")}`);
        if (!member.assignable || isWaited) continue;
        for (const { peer, instance: { model, needBytes, workers } } of forced) {
          const isIn = peer === member.peer || workers.some((one) => one.peer === member.peer) ||
            servedBy(member).includes(model.name);
          const hasRoom = leftBytes * MAX_STANDBY_HELPERS >= needBytes + 100;
          assert.ok(
            isIn || !hasRoom,
            `${member.peer} is not in ${model.name}: ${moves.join(", ")}`,
          );
        }
      }
    }),
    draws(60),
  );
});

Deno.test("rooms: what one view assigns fits beside what goes on, and every node finds the same", () => {
  fc.assert(
    fc.property(anyFleet, fc.nat(3), fc.nat(100), (drawn, rounds, turn) => {
      const { members } = play(fleetOf(drawn), { rounds });
      const sorted = [...members].sort(byPeer);
      const given = assign(takeStock(sorted), []);
      const isGivenOnce = (name: string) =>
        [...given.values()].flat().filter((one) => one.name === name).length === 1;
      for (const member of members) {
        const held = ledgerOf(sorted).reservationsOf(member);
        const list = given.get(member.peer) ?? [];
        const ending = held.filter(({ model }) =>
          list.some(({ instead }) => instead.some((one) => sameModel(one, model)))
        );
        const ofHeld = (all: typeof held) =>
          all.reduce((sum, { gpuBytes, mainBytes }) => sum + gpuBytes + mainBytes, 0);
        // A share of a split is as large as its host makes it.
        const own = list.filter(({ name, reason }) =>
          reason !== "split" && reason !== "memory" && isGivenOnce(name)
        ).map(({ model }) => (model && fileOf(member, model)?.needBytes) ?? 0);
        if (own.length === 0) continue;
        const sum = ofHeld(held) - ofHeld(ending) + own.reduce((a, b) => a + b, 0);
        assert.ok(sum <= member.memoryBytes + 10, `${member.peer} is given too much`);
      }
      const turned = [
        ...sorted.slice(turn % sorted.length),
        ...sorted.slice(0, turn % sorted.length),
      ];
      for (const self of turned) {
        const seen = everyone(view(self, turned.filter((other) => other !== self)));
        assert.deepEqual(assign(takeStock(seen), []), given);
      }
    }),
    draws(60),
  );
});
