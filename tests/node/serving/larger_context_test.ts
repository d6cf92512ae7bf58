import assert from "node:assert/strict";
import type { LocalModel } from "../../../src/models/mod.ts";
import { AskedContexts } from "../../../src/node/plan/asked_contexts.ts";
import { SERVING_DEFAULTS } from "../../../src/node/plan/config.ts";
import { commonSettings, type ModelSettings } from "../../../src/node/plan/model_settings.ts";
import { idleJob, type Job } from "../../../src/node/serving/job.ts";
import { LargerContext } from "../../../src/node/serving/larger_context.ts";
import { instance, member, SMALL, view } from "../members.ts";

const AUTO = commonSettings(SERVING_DEFAULTS);
const FILE = { ...SMALL, sizeBytes: 1, shards: [], projector: null, header: null };

function jobOf(
  settings: ModelSettings,
  failure: string | null = null,
  more: Partial<Job> = {},
): Job {
  const plan = { kind: "solo", model: SMALL, needBytes: 10 } as const;
  const server = failure === null ? { baseUrl: "", apiKey: null } : null;
  return { ...idleJob(plan, instance(SMALL, "warm"), failure), settings, server, ...more };
}

function setUp() {
  const asked = new AskedContexts();
  const settingsOf = asked.over(() => AUTO);
  let jobs = [jobOf(AUTO)];
  let changes = 0;
  const larger = new LargerContext({
    asked,
    saidSettingsOf: () => AUTO,
    inventory: { models: [FILE as unknown as LocalModel] },
    jobs: () => jobs,
    view: () =>
      view(member("a", 1e12, { holds: [SMALL], instances: [instance(SMALL, "warm")] }), []),
    changed: () => (changes++, Promise.resolve()),
  });
  return {
    larger,
    lengthNow: () => settingsOf(SMALL).contextLength,
    becomes: (failure: string | null, more: Partial<Job> = {}) => {
      jobs = [jobOf(settingsOf(SMALL), failure, more)];
      larger.check();
    },
    waits: () => {
      const plan = { kind: "waiting", model: SMALL, needBytes: 10, haveBytes: 1 } as const;
      jobs = [idleJob(plan, instance(SMALL, "waiting"))];
      larger.check();
    },
    ends: () => {
      jobs = [];
      larger.check();
    },
    get changes() {
      return changes;
    },
  };
}

Deno.test("a larger context is asked for once, and forgotten with its model", async () => {
  const one = setUp();
  assert.equal(await one.larger.make(SMALL, 4_096), null, "there is room");
  await assert.rejects(one.larger.make(SMALL, 5_000), /loaded anew/);
  assert.deepEqual([one.lengthNow(), one.changes], [5_000, 1]);
  one.becomes(null);
  assert.deepEqual([one.lengthNow(), one.changes], [5_000, 1]);
  one.ends();
  assert.deepEqual([one.lengthNow(), one.changes], [null, 2]);
});

Deno.test("a context with which the model can't be loaded is forgotten, and not tried again", async () => {
  const one = setUp();
  await assert.rejects(one.larger.make(SMALL, 5_000), /loaded anew/);
  one.becomes("llama-server: no memory");
  assert.deepEqual([one.lengthNow(), one.changes], [null, 2]);
  one.becomes(null);
  assert.match(await one.larger.make(SMALL, 5_001) ?? "", /5000.*llama-server: no memory/);
  await assert.rejects(one.larger.make(SMALL, 4_999), /loaded anew/);
  one.ends();
  one.becomes(null);
  await assert.rejects(one.larger.make(SMALL, 5_001), /loaded anew/, "another load may do");
});

Deno.test("a context with which the model has answered, or whose machine was lost, is asked for again", async () => {
  const answered = setUp();
  await assert.rejects(answered.larger.make(SMALL, 5_000), /loaded anew/);
  answered.becomes(null);
  answered.becomes("llama-server crashed");
  assert.equal(answered.lengthNow(), null);
  await assert.rejects(answered.larger.make(SMALL, 5_000), /loaded anew/);
  const lost = setUp();
  await assert.rejects(lost.larger.make(SMALL, 5_000), /loaded anew/);
  lost.becomes("a worker is gone", { blamesLoss: true });
  assert.equal(lost.lengthNow(), null);
  await assert.rejects(lost.larger.make(SMALL, 5_000), /loaded anew/);
});

Deno.test("a model that would wait for memory goes on with what it had", async () => {
  const one = setUp();
  await assert.rejects(one.larger.make(SMALL, 5_000), /loaded anew/);
  one.waits();
  assert.deepEqual([one.lengthNow(), one.changes], [null, 2]);
});
