/** Several models on one node: which of its jobs start, wait and end, over servers that are only states. */

import assert from "node:assert/strict";
import { getLogger } from "@logtape/logtape";
import type { ManagedServer, ServerSpec, ServerState } from "../../../src/engine/mod.ts";
import type { ModelRef } from "../../../src/mesh/mod.ts";
import type { LocalModel } from "../../../src/models/mod.ts";
import { SERVING_DEFAULTS } from "../../../src/node/plan/config.ts";
import { HOT_DEMAND, HOT_HOLD_MS, REPLAN_QUIET_MS } from "../../../src/node/plan/defaults.ts";
import { modelNameOf } from "../../../src/node/plan/plan.ts";
import type { Member } from "../../../src/node/plan/view.ts";
import type { JobParts } from "../../../src/node/serving/job.ts";
import { Reconciler } from "../../../src/node/serving/reconciler.ts";
import { instance, member, peer, view } from "../members.ts";
import { TriedArguments } from "../../../src/node/serving/tried_arguments.ts";
import { type OverridesByModel, settingsLookup } from "../../../src/node/plan/model_settings.ts";

/** Each takes ten times its number. */
const [ONE, TWO, THREE, FOUR, SIX] = [1, 2, 3, 4, 6].map((size): ModelRef => ({
  name: `m${size}`,
  fingerprint: `${size}`.repeat(64),
})) as [ModelRef, ModelRef, ModelRef, ModelRef, ModelRef];

function needOf({ name }: { readonly name: string }): number {
  return 10 * Number(name.slice(1));
}

class Server implements Pick<ManagedServer, "state" | "progress" | "placed"> {
  readonly progress = 0;
  readonly placed = null;
  readonly apiKey = null;
  readonly frozen = new AbortController().signal;
  readonly name: string;
  /** For prompts. */
  readonly keptBytes: number;
  readonly args: readonly string[];
  state: ServerState = { kind: "starting", attempt: 1 };
  isStopping = false;
  readonly #gone = Promise.withResolvers<void>();
  readonly #listeners = new Set<(state: ServerState) => void>();

  constructor(readonly spec: ServerSpec) {
    this.name = spec.modelName ?? "";
    this.args = spec.kind === "llama-server" ? spec.args ?? [] : [];
    this.keptBytes = spec.kind === "llama-server" ? Math.max(0, spec.promptCacheBytes ?? 0) : 0;
  }

  subscribe(listener: (state: ServerState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  become(state: ServerState): void {
    this.state = state;
    for (const listener of [...this.#listeners]) listener(state);
  }

  ready(): void {
    this.become({ kind: "ready", port: 1 });
  }

  fail(): void {
    const cause = { text: "it ended", part: "model" } as const;
    this.become({ kind: "failed", exitCode: 1, cause, frozen: null, retryAtMs: null });
  }

  stop(): Promise<void> {
    this.isStopping = true;
    return this.#gone.promise;
  }

  gone(): void {
    this.#gone.resolve();
  }
}

async function drained(asked: Promise<void> | null, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => resolve(), { once: true });
  await Promise.race([asked, promise]);
}

/** A node with some memory that is alone at first, and whose time stands still unless the test moves it. */
class Node {
  readonly servers: Server[] = [];
  readonly reconciler: Reconciler;
  nowMs = 100_000;
  /** Until it resolves somebody waits for an answer of what is to end; `null` while nobody does. */
  asked: Promise<void> | null = null;
  /** Models that its user gives up. */
  dropped: readonly string[] = [];
  others: readonly Member[] = [];
  /** Of single models, as their user has changed them. */
  changed: OverridesByModel = {};
  readonly #ending = new AbortController();
  readonly #running: Promise<void>;
  #timers: { readonly atMs: number; readonly run: () => void }[] = [];

  constructor(memoryBytes: number, public pinned: readonly ModelRef[]) {
    this.reconciler = new Reconciler({
      planOptions: () => ({ pinned: this.pinned, catalog: [] }),
      view: (jobs, { targets, claims, refuses, failures }) => {
        const self: Member = {
          ...member("a", memoryBytes, {
            targets,
            claims,
            refuses: [...refuses.map(({ name }) => name), ...this.dropped],
            failures: failures.map(({ model, reason }) => ({ model: model.name, reason })),
          }),
          assignable: this.pinned.length === 0,
          models: [ONE, TWO, THREE, FOUR, SIX].map((model) => ({
            ...model,
            sizeBytes: 1,
            needBytes: needOf(model),
          })),
          instances: jobs.flatMap(({ instance }) => instance ?? []),
        };
        return view(self, this.others);
      },
      changed: () => {},
      drain: () => this.asked === null ? null : (signal) => drained(this.asked, signal),
      parts: this.#parts(memoryBytes),
    });
    this.#running = this.reconciler.run(this.#ending.signal);
  }

  /** In the order in which they were launched, without those that are gone. */
  get running(): string[] {
    return this.servers.filter(({ isStopping }) => !isStopping).map(({ name }) => name);
  }

  server(name: string): Server {
    const server = this.servers.findLast((one) => one.name === name);
    assert.ok(server !== undefined, `${name} was launched`);
    return server;
  }

  get shown(): string[] {
    return this.reconciler.jobs.flatMap(({ instance }) =>
      instance === null ? [] : [`${instance.model.name} ${instance.state}`]
    );
  }

  async pass(ms: number): Promise<void> {
    this.nowMs += ms;
    const due = this.#timers.filter(({ atMs }) => atMs <= this.nowMs);
    this.#timers = this.#timers.filter(({ atMs }) => atMs > this.nowMs);
    for (const { run } of due) run();
    await settled();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort(new Error("The test is over"));
    await settled();
    for (const server of this.servers) server.gone();
    await this.#running;
  }

  #parts(memoryBytes: number): JobParts {
    return {
      memory: { memoryBytes, devices: [] },
      spare: () => new Map(),
      lostDevices: [],
      engine: { devices: [] },
      tried: new TriedArguments(),
      settingsOf: settingsLookup(SERVING_DEFAULTS, () => this.changed),
      logger: getLogger("test"),
      supervisor: {
        launch: (spec: ServerSpec) => {
          const server = new Server(spec);
          this.servers.push(server);
          return server as unknown as ManagedServer;
        },
      },
      idOf: ({ name }) => name,
      localModel: ({ model }) => localModel(model),
      missingFile: () => undefined,
      companionsOf: () => ({ draft: null, projector: null, notes: [] }),
      mesh: { self: peer("a"), members: () => [], subscribe: () => () => {}, suspect: () => {} },
      now: () => this.nowMs,
      after: (delayMs, run) => {
        const timer = { atMs: this.nowMs + delayMs, run };
        this.#timers.push(timer);
        return () => {
          this.#timers = this.#timers.filter((one) => one !== timer);
        };
      },
    } as Partial<JobParts> as JobParts;
  }
}

function localModel({ name, fingerprint }: ModelRef): LocalModel {
  const cache = { kvHeads: 0, slidingKvHeads: 0, slidingWindow: 0, keyLength: 0, valueLength: 0 };
  const graph = { feedForwardLength: 0, embeddingLength: 0 };
  const header = { contextLength: 1, pooling: null, ...cache, ...graph };
  return {
    name,
    fingerprint,
    sizeBytes: 1,
    path: name,
    shards: [],
    projector: null,
    header,
  } as unknown as LocalModel;
}

/** All that follows from what has happened has been done. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

Deno.test("loads follow one another in the user's order, and a model that waits is shown as one that loads", async () => {
  await using node = new Node(100, [TWO, ONE]);
  await settled();
  assert.deepEqual(node.running, ["m2"]);
  assert.deepEqual(node.shown, ["m2 loading", "m1 loading"]);
  node.server("m2").ready();
  await settled();
  assert.deepEqual(node.running, ["m2", "m1"]);
  node.server("m1").ready();
  await settled();
  assert.deepEqual(node.shown, ["m2 warm", "m1 warm"]);
});

Deno.test("of the models that its user named, those are served that fit beside those before them", async () => {
  await using node = new Node(75, [SIX, TWO, ONE]);
  await settled();
  node.server("m6").ready();
  await settled();
  node.server("m1").ready();
  await settled();
  assert.deepEqual(node.shown, ["m6 warm", "m1 warm"]);
});

Deno.test("a model that fails is tried again in pauses; the others neither end nor wait for it", async () => {
  await using node = new Node(100, [TWO, ONE]);
  await settled();
  node.server("m2").ready();
  await settled();
  const lasting = node.server("m2");
  for (let failure = 0; failure < 3; failure++) {
    node.server("m1").fail();
    await settled();
    node.server("m1").gone();
    await node.pass(60_000);
  }
  assert.equal(node.servers.filter(({ name }) => name === "m1").length, 4);
  assert.deepEqual(node.reconciler.intent.failures.map(({ model }) => model.name), ["m1"]);
  node.pinned = [TWO, ONE, SIX];
  const asked = node.reconciler.reconsider();
  await settled();
  await asked;
  assert.ok(node.running.includes("m1") && !node.running.includes("m6"), "m1 is loading");
  node.server("m1").fail();
  await settled();
  assert.ok(node.running.includes("m6"), "m1 only waits to be tried again");
  assert.equal(lasting.state.kind, "ready");
  assert.equal(lasting.isStopping, false);
});

Deno.test("what a user serves evicts what has no room beside it, and starts once that is gone", async () => {
  await using node = new Node(75, [TWO, ONE]);
  await settled();
  for (const name of ["m2", "m1"]) {
    node.server(name).ready();
    await settled();
  }
  node.pinned = [SIX, TWO, ONE];
  let isDone = false;
  const asked = node.reconciler.reconsider().then(() => isDone = true);
  await settled();
  assert.equal(node.server("m2").isStopping, true);
  assert.equal(node.server("m1").isStopping, false);
  assert.deepEqual(node.running, ["m1"], "m2 still has its memory");
  assert.deepEqual([isDone, node.reconciler.hasRetired(TWO)], [false, true]);
  assert.deepEqual(node.shown, ["m6 loading", "m1 warm"]);
  node.server("m2").gone();
  await asked;
  assert.deepEqual(node.running, ["m1", "m6"]);
  assert.deepEqual(node.reconciler.targets, [SIX, ONE]);
  node.pinned = [TWO, ONE];
  void node.reconciler.reconsider();
  await settled();
  node.server("m6").gone();
  await settled();
  node.server("m2").ready();
  await settled();
  assert.equal(node.reconciler.hasRetired(TWO), false, "it is served again");
  assert.deepEqual(node.shown, ["m2 warm", "m1 warm"]);
});

Deno.test("a model that gives way answers first what it has begun, unless its user drops it", async () => {
  for (const isDropped of [false, true]) {
    await using node = new Node(35, [THREE]);
    await settled();
    node.server("m3").ready();
    await settled();
    const answers = Promise.withResolvers<void>();
    node.asked = answers.promise;
    node.pinned = [TWO];
    await node.reconciler.reconsider();
    const { server } = node.reconciler.jobs.find(({ plan }) => modelNameOf(plan) === "m3")!;
    assert.equal(server, null, "it is asked no more");
    assert.equal(node.server("m3").isStopping, false);
    const [queued] = node.reconciler.jobs.filter(({ plan }) => modelNameOf(plan) === "m2");
    assert.match(queued?.notes?.join() ?? "", /once m3 has answered what it has begun/);
    assert.deepEqual(node.reconciler.intent.turns, ["m2"]);
    if (isDropped) {
      node.dropped = ["m3"];
      node.reconciler.wake();
    } else answers.resolve();
    await settled();
    assert.equal(node.server("m3").isStopping, true);
    assert.deepEqual(node.reconciler.intent.turns, []);
    node.server("m3").gone();
    await settled();
    assert.deepEqual(node.running, ["m2"]);
  }
});

// Each took half of what the models leave for its prompts, whatever the others had taken of it before.
Deno.test("what the models of a node need and keep of conversations is never more than is offered", async () => {
  const pinned = [ONE, TWO, THREE, FOUR];
  await using node = new Node(200, pinned);
  await settled();
  for (const { name } of pinned) {
    node.server(name).ready();
    await settled();
  }
  assert.deepEqual(node.servers.map(({ keptBytes }) => keptBytes), [50, 25, 12.5, 6.25]);
});

Deno.test("a model that comes later keeps nothing where the others may keep all that is left", async () => {
  await using node = new Node(200, [ONE]);
  await settled();
  for (const [next, ...others] of [[TWO, ONE], [THREE, TWO, ONE], [FOUR, THREE, TWO, ONE], []]) {
    node.servers.at(-1)?.ready();
    await settled();
    if (next === undefined) continue;
    node.pinned = [next, ...others];
    void node.reconciler.reconsider();
    await settled();
  }
  assert.deepEqual(node.servers.map(({ keptBytes }) => keptBytes), [95, 37.5, 3.75, 0]);
});

Deno.test("a node that ends stops all that it serves at one time", async () => {
  const node = new Node(100, [TWO, ONE]);
  await settled();
  node.server("m2").ready();
  await settled();
  const ended = node[Symbol.asyncDispose]();
  await settled();
  assert.deepEqual(node.running, []);
  await ended;
});

Deno.test("new settings of a model replace its server, and no other; what concerns no server replaces none", async () => {
  await using node = new Node(100, [TWO, ONE]);
  await settled();
  for (const name of ["m2", "m1"]) {
    node.server(name).ready();
    await settled();
  }
  node.changed = { m1: { aliases: ["small"], idleUnloadMs: 60_000, pin: true } };
  node.reconciler.wake();
  await settled();
  assert.deepEqual(node.shown, ["m2 warm", "m1 warm"]);
  node.changed = { m1: { args: ["--temp", "0"] } };
  node.reconciler.wake();
  await settled();
  assert.deepEqual(node.shown, ["m2 warm", "m1 loading"]);
  assert.equal(node.servers.length, 2, "the old one has its memory until it is gone");
  assert.ok(node.reconciler.hasRetired(ONE), "requests wait for the next one");
  node.server("m1").gone();
  await settled();
  assert.deepEqual(node.server("m1").args, ["--temp", "0"]);
  node.server("m1").ready();
  await settled();
  assert.deepEqual(node.shown, ["m2 warm", "m1 warm"]);
  assert.equal(node.servers.length, 3);
});

Deno.test("a model that fails by its settings is loaded at once with others", async () => {
  await using node = new Node(100, [ONE]);
  node.changed = { m1: { args: ["--temp", "hot"] } };
  await settled();
  for (let failure = 0; failure < 4; failure++) {
    node.server("m1").fail();
    await settled();
    node.server("m1").gone();
    await node.pass(60_000);
  }
  node.server("m1").fail();
  await settled();
  assert.deepEqual(node.reconciler.intent.failures.map(({ model }) => model.name), ["m1"]);
  const before = node.servers.length;
  node.changed = { m1: { args: ["--temp", "1"] } };
  node.reconciler.retry();
  await settled();
  node.server("m1").gone();
  await settled();
  assert.equal(node.servers.length, before + 1);
  assert.deepEqual(node.server("m1").args, ["--temp", "1"]);
});

Deno.test("what was loaded because it was hot is ended once it is cold, and says until then why it is there", async () => {
  const serving = (inFlight: number): Member => ({
    ...member("b", 10, { targets: [ONE], demand: { m1: inFlight } }),
    instances: [instance(ONE, "warm")],
  });
  await using node = new Node(10, []);
  node.others = [serving(HOT_DEMAND)];
  node.reconciler.wake();
  await settled();
  node.server("m1").ready();
  node.others = [serving(0)];
  await node.pass(HOT_HOLD_MS);
  assert.deepEqual(node.running, ["m1"], "it is planned to end, and others have to hear of it");
  assert.deepEqual(node.reconciler.intent.claims, [{ model: "m1", reason: "hot" }]);
  await node.pass(REPLAN_QUIET_MS);
  assert.deepEqual(node.running, []);
  node.server("m1").gone();
  await node.pass(0);
  assert.deepEqual([node.shown, node.reconciler.intent.claims], [[], []]);
});
