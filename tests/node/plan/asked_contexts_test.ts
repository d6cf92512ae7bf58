import assert from "node:assert/strict";
import { leastBytes, type LocalModel } from "../../../src/models/mod.ts";
import {
  AskedContexts,
  type ContextInput,
  whyNoLarger,
} from "../../../src/node/plan/asked_contexts.ts";
import { SERVING_DEFAULTS } from "../../../src/node/plan/config.ts";
import { commonSettings } from "../../../src/node/plan/model_settings.ts";

const HEADER = {
  contextLength: 65_536,
  kvHeads: 8,
  keyLength: 128,
  valueLength: 128,
  slidingWindow: 0,
  slidingKvHeads: 0,
  blockCount: 1,
  feedForwardLength: 0,
  embeddingLength: 0,
};
const MODEL = {
  name: "m",
  fingerprint: "f",
  sizeBytes: 1e9,
  shards: [],
  projector: null,
  header: HEADER,
} as unknown as LocalModel;
const REF = { name: "m", fingerprint: "f" };
const AUTO = commonSettings(SERVING_DEFAULTS);
const NEEDS = leastBytes(MODEL, { ...AUTO, contextLength: 40_000 });

Deno.test("whyNoLarger() lets no request overrule a user, nor ask for more than there is", () => {
  const able = {
    tokens: 40_000,
    model: MODEL,
    settings: AUTO,
    roomBytes: NEEDS,
    failed: null,
    loadsOnRequest: true,
  };
  const table: [string, Partial<ContextInput>, RegExp | null][] = [
    ["there is room", {}, null],
    ["as much as it was trained for", { tokens: 65_536, roomBytes: 1e15 }, null],
    ["more than that", { tokens: 65_537, roomBytes: 1e15 }, /trained for 65536/],
    [
      "its user has set it",
      { settings: { ...AUTO, contextLength: 8_192 } },
      /set ctx=8192.*=40000/,
    ],
    ["requests load nothing", { loadsOnRequest: false }, /load nothing/],
    ["it has failed so", { failed: { tokens: 40_000, reason: "no" } }, /with 40000.* \(no\)/],
    ["more has failed", { failed: { tokens: 40_001, reason: "no" } }, null],
    ["others have the memory", { roomBytes: NEEDS - 1 }, /GB of memory/],
  ];
  for (const [row, changes, expected] of table) {
    const why = whyNoLarger({ ...able, ...changes });
    if (expected === null) assert.equal(why, null, row);
    else assert.match(why ?? "", expected, row);
  }
});

Deno.test("the largest context that was asked for stays while its model is served", () => {
  const asked = new AskedContexts();
  const lengthIn = (contextLength: number | null) =>
    asked.over(() => ({ ...AUTO, contextLength }))(REF).contextLength;
  assert.equal(lengthIn(null), null);
  for (const tokens of [40_000, 33_000]) asked.ask(REF, tokens);
  assert.equal(lengthIn(null), 40_000);
  assert.equal(lengthIn(8_192), 8_192, "its user says otherwise");
  assert.equal(asked.keepOnly([REF]), false);
  assert.equal(lengthIn(null), 40_000);
  assert.equal(asked.keepOnly([{ ...REF, fingerprint: "e" }]), true);
  assert.equal(lengthIn(null), null);
});
