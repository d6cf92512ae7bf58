import assert from "node:assert/strict";
import type { LocalModel } from "../../src/models/mod.ts";
import { draftOf } from "../../src/node/drafts.ts";

function model(name: string, sizeBytes: number, digest = "tokens"): LocalModel {
  const header = {
    contextLength: 0,
    kvHeads: 0,
    keyLength: 0,
    valueLength: 0,
    slidingWindow: 0,
    slidingKvHeads: 0,
    embeddingLength: 0,
    feedForwardLength: 0,
    vocabularySize: 100,
    expertCount: 0,
    pooling: null,
    tokenizer: { model: "gpt2", pre: null, digest },
  } as unknown as LocalModel["header"];
  return {
    name,
    fingerprint: name,
    path: name,
    shards: [name],
    sizeBytes,
    header,
    projector: null,
  };
}

const BIG = model("big", 10e9);
const SMALL = model("small", 1e9);
const FOREIGN = model("foreign", 1e9, "others");

function draft(changes: Partial<Parameters<typeof draftOf>[1]>) {
  const input = { models: [BIG, SMALL, FOREIGN], memoryBytes: 100e9, contextLength: null };
  return draftOf(BIG, { choice: { kind: "auto" }, ...input, ...changes });
}

Deno.test("draftOf() takes what is on the disk, unless it is told otherwise", () => {
  assert.deepEqual(draft({}), { kind: "draft", draft: SMALL });
  assert.deepEqual(draft({ choice: { kind: "none" } }), { kind: "none", reason: null });
  assert.deepEqual(draft({ models: [BIG, FOREIGN] }), { kind: "none", reason: null });
  const named = { kind: "file", draft: model("named", 9e9) } as const;
  assert.deepEqual(draft({ choice: named }), { kind: "draft", draft: named.draft });
});

Deno.test("draftOf() says why a draft that was named is not used", () => {
  const reason = (result: ReturnType<typeof draftOf>) => result.kind === "none" && result.reason;
  assert.equal(
    reason(draft({ choice: { kind: "file", draft: FOREIGN } })),
    "foreign has another vocabulary than big",
  );
  assert.equal(reason(draft({ memoryBytes: 11.5e9 })), "small would not fit beside big");
});
