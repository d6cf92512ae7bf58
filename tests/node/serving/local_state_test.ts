/** A node announces the models that it failed to serve: each file by itself, though another one may have its name. */

import assert from "node:assert/strict";
import { type ModelRef, toldApart } from "../../../src/mesh/mod.ts";
import type { LocalModel } from "../../../src/models/mod.ts";
import { SERVING_DEFAULTS } from "../../../src/node/plan/config.ts";
import { decide } from "../../../src/node/plan/decide.ts";
import { settingsLookup } from "../../../src/node/plan/model_settings.ts";
import { LocalState } from "../../../src/node/serving/local_state.ts";
import { content, machine } from "../../mesh/content.ts";
import { peer } from "../members.ts";

const A: ModelRef = { name: "twin", fingerprint: "aa".repeat(32) };
const B: ModelRef = { name: "twin", fingerprint: "bb".repeat(32) };
const REASON = "unknown architecture";

/** A free node with these files; the other member of its mesh has the others. */
function localState(own: readonly ModelRef[], others: readonly ModelRef[], wanted: string[]) {
  const models = others.map((model) => ({ ...model, sizeBytes: 1, needBytes: 1 }));
  const other = { peer: peer("b"), addresses: [], rttsMs: {}, incarnation: 1, seq: 1 };
  return new LocalState({
    mesh: {
      self: peer("a"),
      members: () => [{ ...content({ models, wanted, targets: [] }), ...other }],
      rttMs: () => 1,
    },
    facts: () => ({
      machine: machine({ name: "a" }),
      memory: { memoryBytes: 1e12, devices: [] },
      models: own.map(localModel),
      downloadBytes: 0,
      serving: SERVING_DEFAULTS,
      settingsOf: settingsLookup(SERVING_DEFAULTS),
    }),
    wishes: { pinned: [], wanted: [], dropped: [], resting: [] },
    now: () => 0,
  });
}

function localModel({ name, fingerprint }: ModelRef): LocalModel {
  const cache = { kvHeads: 0, keyLength: 0, valueLength: 0, slidingWindow: 0, slidingKvHeads: 0 };
  const widths = { contextLength: 1, feedForwardLength: 0, embeddingLength: 0 };
  const header = { ...cache, ...widths } as LocalModel["header"];
  const path = `/models/${fingerprint}.gguf`;
  return { name, fingerprint, sizeBytes: 1, path, shards: [], projector: null, header };
}

/** It gave up these. */
function after(...failed: readonly ModelRef[]) {
  const failures = failed.map((model) => ({ model, reason: REASON }));
  return { targets: [], claims: [], turns: [], refuses: failed, failures };
}

Deno.test("of two files with one name the one that failed is announced by its id, else by its name", () => {
  const table: [own: ModelRef[], others: ModelRef[], failed: ModelRef, told: string][] = [
    // Nodes of an earlier version would not know it by an id.
    [[A], [], A, "twin"],
    [[A], [A], A, "twin"],
    [[A, B], [], A, "twin@aaaaaaaa"],
    [[A], [B], A, "twin@aaaaaaaa"],
    // Its file is gone, or it was a share of somebody else's.
    [[B], [], A, "twin@aaaaaaaa"],
    [[], [A, B], B, "twin@bbbbbbbb"],
    [[A, B], [], { name: "far", fingerprint: "" }, "far"],
    [[A, B], [], { name: "twin", fingerprint: "" }, "twin"],
  ];
  for (const [own, others, failed, told] of table) {
    const said = localState(own, others, []).content([], after(failed));
    assert.deepEqual(said.refuses, [told]);
    assert.deepEqual(said.failures, [{ model: told, reason: REASON }]);
  }
});

Deno.test("a broken file does not keep the node from serving another one of its name", () => {
  const view = localState([A, B], [], ["twin@bbbbbbbb"]).view([], after(A));
  assert.deepEqual(toldApart([view.self])[0]?.refuses, ["twin@aaaaaaaa"]);
  const options = { pinned: [], catalog: [], mayCool: () => false, rested: new Set<string>() };
  const plans = decide(view, options).works.map(({ plan }) => plan);
  assert.deepEqual(plans.map((plan) => [plan.kind, "model" in plan && plan.model]), [["solo", B]]);
});
