/** `--ctx` counts in what fits: from a model's header to the plan. */

import assert from "node:assert/strict";
import type { Engine } from "../../src/engine/mod.ts";
import type { ModelHeader } from "../../src/models/base/types.ts";
import { type LocalModel, needBytes } from "../../src/models/mod.ts";
import { SERVING_DEFAULTS } from "../../src/node/plan/config.ts";
import { announcementOf } from "../../src/node/serving/own_announcement.ts";
import { decide } from "../../src/node/plan/decide.ts";
import type { Member } from "../../src/node/plan/view.ts";
import { machine } from "../mesh/content.ts";
import { peer, planOf, view } from "./members.ts";
import { settingsLookup } from "../../src/node/plan/model_settings.ts";

const GB = 1e9;

/** Of the shape of an 8B model: 147 KB of cache a token, trained for 40,960. */
const MODEL: LocalModel = {
  name: "qwen",
  fingerprint: "a".repeat(64),
  path: "/m/qwen.gguf",
  shards: [],
  sizeBytes: 5 * GB,
  projector: null,
  header: {
    contextLength: 40_960,
    embeddingLength: 4_096,
    feedForwardLength: 12_288,
    kvHeads: 36 * 8,
    slidingKvHeads: 0,
    slidingWindow: 0,
    keyLength: 128,
    valueLength: 128,
  } as ModelHeader,
};
const ENGINE = { build: "1", rpcProtocol: "8.0.0" } as Engine;

/** A node that was told to serve the model, as it announces itself. */
function node(name: string, memoryBytes: number, contextLength: number | null): Member {
  const target = { name: MODEL.name, fingerprint: MODEL.fingerprint };
  const facts = {
    machine: machine({ name, engine: { ...ENGINE, origin: null } }),
    memory: { memoryBytes, devices: [] },
    models: [MODEL],
    serving: SERVING_DEFAULTS,
    settingsOf: settingsLookup({ ...SERVING_DEFAULTS, contextLength }),
    downloadBytes: 0,
  };
  const content = announcementOf(facts, [], {
    targets: target === null ? [] : [target],
    claims: [],
    refuses: [],
    dropped: [],
    failures: [],
    assignable: false,
    wanted: [MODEL.name],
    demand: {},
  });
  return { ...content, peer: peer(name), rttsMs: {} };
}

const ROWS: readonly (readonly [string, self: Member, others: readonly Member[], kind: string])[] =
  [
    ["the usual context fits 10 GB", node("a", 10 * GB, null), [], "solo"],
    ["a short one fits 6 GB", node("a", 6 * GB, 512), [], "solo"],
    ["a long one does not fit 8 GB", node("a", 8 * GB, 32_768), [], "waiting"],
    ["a long one fits 16 GB", node("a", 16 * GB, 32_768), [], "solo"],
    [
      "a long one is split",
      node("b", 8 * GB, 32_768),
      [node("a", 8 * GB, 32_768)],
      "host",
    ],
    [
      "a neighbour's long one does not make this node's usual one larger",
      node("b", 10 * GB, null),
      [node("a", 10 * GB, 40_960)],
      "solo",
    ],
  ];

for (const [fact, self, others, kind] of ROWS) {
  Deno.test(`--ctx: ${fact}`, () => {
    const plan = planOf(decide(view(self, others), {
      pinned: self.targets,
      catalog: [],
      mayCool: () => false,
      rested: new Set(),
    }));
    assert.equal(plan.kind, kind, JSON.stringify(plan));
    const need = self.models[0]?.needBytes;
    if (plan.kind === "solo" || plan.kind === "host" || plan.kind === "waiting") {
      assert.equal(plan.needBytes, need);
    }
  });
}

Deno.test("--ctx: what is announced grows with the context", () => {
  const needs = [4_096, null, 40_960].map((length) => node("a", GB, length).models[0]?.needBytes);
  assert.deepEqual(needs, [4_096, null, 40_960].map((length) => needBytes(MODEL, length)));
  assert.ok(needs[0]! < needs[1]! && needs[1]! < needs[2]!);
});
