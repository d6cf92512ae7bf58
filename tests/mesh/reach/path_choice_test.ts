import assert from "node:assert/strict";
import fc from "fast-check";
import { ASK_EVERY_MS, CALM_MS, MAX_CANDIDATES } from "../../../src/mesh/reach/defaults.ts";
import {
  answered,
  heard,
  moved,
  type PathState,
  RELAYED,
  step,
  told,
} from "../../../src/mesh/reach/path_choice.ts";
import { udpEnd } from "../../../src/mesh/reach/mod.ts";
import { VirtualTime } from "../../simulator/virtual_time.ts";
import { Internet, Node, type RouterKind } from "./routers.ts";

const MAPPINGS = ["same", "each"] as const;
const FILTERS = ["open", "address", "port"] as const;
const KINDS: readonly RouterKind[] = MAPPINGS.flatMap((mapping) =>
  FILTERS.flatMap((filter) =>
    [false, true].flatMap((hairpin) =>
      [false, true].map((mapped) => ({ mapping, filter, hairpin, mapped }))
    )
  )
);

/** Whether two routers let their nodes meet at all, each node being told what the other's relay has seen. */
function canMeet(a: RouterKind, b: RouterKind): boolean {
  if (a.mapped || b.mapped) return true;
  if (a.mapping === "same" && b.mapping === "same") return true;
  if (a.mapping === "each" && b.mapping === "each") return false;
  const same = a.mapping === "same" ? a : b;
  return same.filter !== "port";
}

interface Pair {
  readonly time: VirtualTime;
  readonly internet: Internet;
  readonly nodes: readonly [Node, Node];
}

/** Both at 192.168.1.2, each behind a router of its own. */
function pairBehind(a: RouterKind, b: RouterKind, delayMs = 15): Pair {
  const time = new VirtualTime();
  const internet = new Internet(time, delayMs);
  const nodes = [
    new Node(internet, internet.site("203.0.113.11", a), "192.168.1.2"),
    new Node(internet, internet.site("203.0.113.12", b), "192.168.1.2"),
  ] as const;
  return { time, internet, nodes: introduced(nodes) };
}

function introduced(nodes: readonly [Node, Node]): readonly [Node, Node] {
  nodes[0].peer = nodes[1];
  nodes[1].peer = nodes[0];
  for (const node of nodes) node.tell();
  return nodes;
}

/** Both send something all the time. */
async function talk({ time, nodes }: Pair, ms: number): Promise<void> {
  const end = time.now + ms;
  for (let at = time.now; at < end; at += 50) {
    time.at(at, () => nodes.forEach((node) => node.use()));
  }
  await time.runUntil(end);
}

function isDirect({ nodes }: Pair): boolean {
  return nodes.every((node) => node.state.chosen !== undefined);
}

Deno.test("two nodes behind any two routers meet directly wherever that is possible", async () => {
  for (const a of KINDS) {
    for (const b of KINDS) {
      const pair = pairBehind(a, b);
      await talk(pair, 5_000);
      const what = `${JSON.stringify(a)} and ${JSON.stringify(b)}`;
      assert.equal(isDirect(pair), canMeet(a, b), what);
      for (const node of pair.nodes) assert(node.changes.length <= 1, `${what}: it flapped`);
    }
  }
});

Deno.test("nodes of one network meet in it, whatever its router is", async () => {
  for (const kind of KINDS) {
    const time = new VirtualTime();
    const internet = new Internet(time, 15);
    const site = internet.site("203.0.113.11", kind);
    const nodes = introduced([
      new Node(internet, site, "192.168.1.2"),
      new Node(internet, site, "192.168.1.3"),
    ]);
    await talk({ time, internet, nodes }, 2_000);
    assert.deepEqual(nodes.map(({ state }) => state.chosen), [
      "192.168.1.3:45001",
      "192.168.1.2:45001",
    ]);
  }
});

Deno.test("nodes that their own network keeps apart meet where its router turns around, and else are relayed", async () => {
  // Of two nodes behind one router not both can have its port.
  for (const kind of KINDS.filter(({ mapped }) => !mapped)) {
    const time = new VirtualTime();
    const internet = new Internet(time, 15);
    const site = internet.site("203.0.113.11", kind, true);
    const nodes = introduced([
      new Node(internet, site, "192.168.1.2"),
      new Node(internet, site, "192.168.1.3"),
    ]);
    const pair = { time, internet, nodes };
    await talk(pair, 3_000);
    const what = JSON.stringify(kind);
    assert.equal(isDirect(pair), kind.hairpin && canMeet(kind, kind), what);
    for (const node of nodes) assert(node.changes.length <= 1, `${what}: it flapped`);
  }
});

Deno.test("a move between any two networks and a sleep end in a direct path wherever there is one", async () => {
  for (const [index, a] of KINDS.entries()) {
    const c = KINDS[(index + 7) % KINDS.length]!;
    for (const b of KINDS) {
      const pair = pairBehind(a, b);
      const { time, internet, nodes: [mover, sleeper] } = pair;
      const what = `${JSON.stringify(a)}, then ${JSON.stringify(c)}, and ${JSON.stringify(b)}`;
      const news = [0];
      await talk(pair, 2_000);
      mover.move(internet.site("198.51.100.9", c), "192.168.7.7");
      news.push(time.now);
      await talk(pair, 3_000);
      assert.equal(isDirect(pair), canMeet(c, b), `${what}: it moved`);
      sleeper.sleep();
      await talk(pair, 2_000);
      assert.equal(mover.state.chosen, undefined, `${what}: it talks to one that sleeps`);
      await time.runUntil(time.now + CALM_MS);
      sleeper.awake();
      news.push(time.now);
      await talk(pair, 3_000);
      assert.equal(isDirect(pair), canMeet(c, b), `${what}: it woke`);
      assertCalm(pair, news);
    }
  }
});

Deno.test("silence leads back to the relay within a second, and the answer to the direct path", async () => {
  const kind = { mapping: "same", filter: "port", hairpin: false, mapped: false } as const;
  const pair = pairBehind(kind, kind);
  await talk(pair, 2_000);
  assert(isDirect(pair));
  pair.internet.isSilent = true;
  await talk(pair, 1_000);
  assert(pair.nodes.every(({ state }) => state.chosen === undefined));
  await talk(pair, 2_500);
  pair.internet.isSilent = false;
  await talk(pair, 1_000);
  assert(isDirect(pair), "back at once, the first time");
  pair.internet.isSilent = true;
  await talk(pair, 1_000);
  pair.internet.isSilent = false;
  await talk(pair, 3_000);
  assert(!isDirect(pair), "again so soon, it is not trusted");
  await talk(pair, CALM_MS);
  assert(isDirect(pair));
});

Deno.test("a pair that is silent asks little, and is direct when it wakes", async () => {
  const kind = { mapping: "same", filter: "port", hairpin: false, mapped: false } as const;
  const pair = pairBehind(kind, kind);
  await talk(pair, 2_000);
  const before = pair.internet.asks;
  await pair.time.runUntil(pair.time.now + 600_000);
  const perMinute = (pair.internet.asks - before) / 10;
  assert(perMinute <= 20, `${perMinute} questions a minute`);
  for (const node of pair.nodes) node.sleep();
  await pair.time.runUntil(pair.time.now + 3_600_000);
  for (const node of pair.nodes) node.awake();
  await talk(pair, 2_000);
  assert(isDirect(pair));
});

Deno.test("a node that moves is met at its new address within a second", async () => {
  const kind = { mapping: "same", filter: "port", hairpin: false, mapped: false } as const;
  const pair = pairBehind(kind, kind);
  await talk(pair, 2_000);
  pair.nodes[0].move(pair.internet.site("198.51.100.9", kind), "192.168.7.7");
  await talk(pair, 1_500);
  assert(isDirect(pair));
  assert.match(pair.nodes[1].state.chosen!, /^198\.51\.100\.9:/);
});

/** Things that may happen to a pair. */
type Happening = "silence" | "sound" | "move" | "sleep" | "awake" | "pause" | "talk";

Deno.test("whatever happens, a path returns at most once in 10 s, and the choice comes to rest", async () => {
  const kind = fc.constantFrom(...KINDS);
  const happening = fc.constantFrom<Happening>(
    ...["silence", "sound", "move", "sleep", "awake", "pause", "talk"] as const,
  );
  const script = fc.array(fc.tuple(happening, fc.integer({ min: 50, max: 8_000 })), {
    minLength: 3,
    maxLength: 14,
  });
  await fc.assert(
    fc.asyncProperty(
      kind,
      kind,
      script,
      fc.integer({ min: 1, max: 150 }),
      async (a, b, all, ms) => {
        const pair = pairBehind(a, b, ms);
        const news = [0];
        let site = 0;
        for (const [what, lastsMs] of all) {
          const [first] = pair.nodes;
          if (what === "silence" || what === "sound") pair.internet.isSilent = what === "silence";
          if (what === "move") {
            first.move(pair.internet.site(`198.51.100.${++site}`, a), `192.168.7.${site}`);
          }
          if (what === "sleep") first.sleep();
          if (what === "awake") first.awake();
          if (what === "move" || what === "awake") news.push(pair.time.now);
          if (what === "pause") await pair.time.runUntil(pair.time.now + lastsMs);
          else await talk(pair, lastsMs);
        }
        assertCalm(pair, news);
        pair.internet.isSilent = false;
        pair.nodes[0].awake();
        await talk(pair, 2 * CALM_MS);
        const seconds = pair.internet.asks;
        await talk(pair, CALM_MS);
        assert.equal(isDirect(pair), canMeet(a, b));
        const changed = pair.nodes.flatMap(({ changes }) =>
          changes.filter(({ at }) => at > pair.time.now - CALM_MS)
        );
        assert.deepEqual(changed, [], "it has come to rest");
        assert(pair.internet.asks - seconds <= 2 * (CALM_MS / ASK_EVERY_MS + 8 * MAX_CANDIDATES));
      },
    ),
    { numRuns: Number(Deno.env.get("MESH_LLM_REACH_RUNS") ?? 40) },
  );
});

/** Returns from the relay, of one node: two within 10 s only if something new was told between them. */
function assertCalm({ nodes }: Pair, news: readonly number[]): void {
  for (const { changes } of nodes) {
    const returns = changes.slice(1).filter(({ chosen }, at) =>
      chosen !== undefined && changes[at]!.chosen === undefined
    );
    for (const [at, { at: later }] of returns.slice(1).entries()) {
      const earlier = returns[at]!.at;
      const isNew = news.some((time) => time <= later && time > earlier - CALM_MS);
      assert(later - earlier >= CALM_MS || isNew, `it returned at ${earlier} and ${later}`);
    }
  }
}

const address = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 9 }))
  .map(([host, port]) => udpEnd(`198.51.100.${host}`, port));

Deno.test("whatever a peer names and asks from, its candidates and questions are bounded", () => {
  const event = fc.oneof(
    fc.record({ kind: fc.constant("told" as const), ends: fc.array(address, { maxLength: 60 }) }),
    fc.record({ kind: fc.constant("heard" as const), end: address }),
    fc.record({ kind: fc.constant("answered" as const), end: address }),
    fc.record({ kind: fc.constant("moved" as const) }),
  );
  fc.assert(fc.property(fc.array(event, { maxLength: 60 }), (events) => {
    let state: PathState = RELAYED;
    for (const [at, one] of events.entries()) {
      const now = at * 100;
      if (one.kind === "told") state = told(state, one.ends, now);
      if (one.kind === "heard") state = heard(state, one.end, now);
      if (one.kind === "answered") state = answered(state, one.end, 5, now);
      if (one.kind === "moved") state = moved(state);
      const before = state;
      const taken = step(state, now, now);
      state = taken.state;
      assert(state.candidates.length <= MAX_CANDIDATES);
      assert(new Set(state.candidates.map(({ end }) => end.key)).size === state.candidates.length);
      const known = before.candidates.map(({ end }) => end.key);
      for (const { end } of taken.asks) assert(known.includes(end.key));
      assert(taken.asks.length <= MAX_CANDIDATES);
      assert(step(state, now, now).asks.length === 0 || state.fellMs === now, "no question twice");
      if (state.chosen !== undefined) {
        const chosen = state.candidates.find(({ end }) => end.key === state.chosen);
        assert(chosen?.answeredMs !== undefined, "only what has answered is used");
      }
    }
  }));
});
