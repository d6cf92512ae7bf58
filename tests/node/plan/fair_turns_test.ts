/** Models that need the same memory, all of them asked for all the time: whose turn comes, and when. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { ModelRef } from "../../../src/mesh/mod.ts";
import { decide } from "../../../src/node/plan/decide.ts";
import { TURN_MS } from "../../../src/node/plan/defaults.ts";
import { gapsAmong, hasHadTurn } from "../../../src/node/plan/turns.ts";
import { instance, member, view } from "../members.ts";

/** Between two looks. */
const STEP_MS = 1_000;

interface Sized {
  readonly model: ModelRef;
  readonly needBytes: number;
  readonly loadMs: number;
}

const anyModels = fc.array(
  fc.record({ needBytes: fc.integer({ min: 51, max: 100 }), loadMs: fc.nat(15_000) }),
  { minLength: 2, maxLength: 5 },
).map((sizes) =>
  sizes.map(({ needBytes, loadMs }, index): Sized => ({
    model: { name: `m${index}`, fingerprint: `${index}`.repeat(64) },
    needBytes,
    loadMs,
  }))
);

/** A machine with memory for one of them, and when each of them last answered. */
class Machine {
  #running: { readonly one: Sized; readonly sinceMs: number } | undefined;
  #gaps: ReadonlyMap<string, number> = new Map();
  readonly #warmAtMs = new Map<string, number>();

  constructor(readonly models: readonly Sized[]) {}

  step(nowMs: number): void {
    const { state, one, warmMs } = this.#at(nowMs);
    if (one !== undefined && state === "warm") this.#warmAtMs.set(one.model.name, nowMs);
    const wanted = this.models.map(({ model }) => model.name)
      .filter((name) => state !== "warm" || name !== one?.model.name);
    const self = member("a", 100, {
      models: this.models.map(({ model, needBytes }) => ({ ...model, sizeBytes: 1, needBytes })),
      wanted,
      instances: one === undefined ? [] : [{
        ...instance(one.model, state),
        needBytes: one.needBytes,
      }],
      claims: one === undefined ? [] : [{ model: one.model.name, reason: "unserved" }],
    });
    this.#gaps = gapsAmong([self], this.#gaps, nowMs);
    const { works } = decide(view(self, []), {
      pinned: [],
      catalog: [],
      mayCool: () => true,
      rested: new Set(),
      gapsMs: new Map([...this.#gaps].map(([name, sinceMs]) => [name, nowMs - sinceMs])),
      hasHadTurn: () => hasHadTurn({ warmMs, loadMs: one?.loadMs ?? 0, idleMs: null }),
    });
    const [plan] = works.map((work) => work.plan);
    assert.equal(works.length, 1, "there is memory for one");
    assert.ok(plan?.kind === "solo");
    if (plan.model.name === one?.model.name) return;
    assert.notEqual(state, "loading", "what somebody waits for is loaded to its end");
    const next = this.models.find(({ model }) => model.name === plan.model.name) as Sized;
    this.#running = { one: next, sinceMs: nowMs };
  }

  #at(nowMs: number) {
    if (this.#running === undefined) return { state: "warm", warmMs: null } as const;
    const { one, sinceMs } = this.#running;
    const warmMs = nowMs - sinceMs - one.loadMs;
    return warmMs < 0
      ? { one, state: "loading", warmMs: null } as const
      : { one, state: "warm", warmMs } as const;
  }

  /** The longest time since one of them has answered. */
  waitedMs(nowMs: number): number {
    return Math.max(
      ...this.models.map(({ model }) => nowMs - (this.#warmAtMs.get(model.name) ?? 0)),
    );
  }
}

Deno.test("of models that need the same memory each has its turn in every round", () => {
  fc.assert(
    fc.property(anyModels, (models) => {
      const machine = new Machine(models);
      const roundMs = models
        .map(({ loadMs }) => loadMs + Math.max(TURN_MS, loadMs) + 2 * STEP_MS)
        .reduce((sum, ms) => sum + ms, 0);
      for (let nowMs = 0; nowMs < 2 * roundMs; nowMs += STEP_MS) {
        machine.step(nowMs);
        assert.ok(machine.waitedMs(nowMs) <= roundMs, `one has waited for ${roundMs} ms`);
      }
    }),
    { numRuns: 12 },
  );
});

Deno.test("nobody is called to help with what a machine serves alone in its turn", () => {
  const [loads, asked] = ["one", "two"].map((name): ModelRef => ({
    name,
    fingerprint: name.padEnd(64, "0"),
  })) as [ModelRef, ModelRef];
  const models = [loads, asked].map((model) => ({ ...model, sizeBytes: 1, needBytes: 100 }));
  const loading = (memoryBytes: number) =>
    member("a", memoryBytes, {
      models,
      instances: [{ ...instance(loads, "loading"), needBytes: 100 }],
      claims: [{ model: loads.name, reason: "unserved" }],
      reservations: [{ model: loads, devices: [{ name: "CPU", bytes: 100 }] }],
      rttsMs: { h: 1 },
    });
  const caller = member("z", 0, { wanted: [loads.name, asked.name] });
  const options = { pinned: [], catalog: [], mayCool: () => true, rested: new Set<string>() };
  const called = (one: ReturnType<typeof member>) =>
    decide(view(member("h", 99), [one, caller]), options).works.map(({ plan }) => plan.kind);
  assert.deepEqual(called(loading(105)), []);
  const isChosen = { assignable: false, targets: [loads], claims: [] };
  assert.deepEqual(called({ ...loading(105), ...isChosen }), ["waiting"], "nothing ends for it");
});
