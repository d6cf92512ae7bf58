import assert from "node:assert/strict";
import type { LocalModel } from "../../../src/models/mod.ts";
import { type Companions, companionsOf } from "../../../src/node/plan/companions.ts";
import { FailedCompanions, suspectsOf } from "../../../src/node/serving/failed_companions.ts";

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

const PROJECTOR = { path: "/m/mmproj.gguf", sizeBytes: 1, sees: true };

function companions(changes: Partial<Parameters<typeof companionsOf>[1]>, model = BIG): Companions {
  const input = { models: [BIG, SMALL, FOREIGN], roomBytes: 100e9, contextLength: null };
  const failure = () => null;
  return companionsOf(model, { choice: { kind: "auto" }, failure, ...input, ...changes });
}

const draft = (draft: LocalModel | null, ...notes: string[]): Companions => ({
  draft,
  projector: null,
  notes,
});

Deno.test("companionsOf() takes the draft that is on the disk, unless it is told otherwise", () => {
  assert.deepEqual(companions({}), draft(SMALL));
  assert.deepEqual(companions({ choice: { kind: "none" } }), draft(null));
  assert.deepEqual(companions({ models: [BIG, FOREIGN] }), draft(null));
  const named = { kind: "file", draft: model("named", 9e9) } as const;
  assert.deepEqual(companions({ choice: named }), draft(named.draft));
});

Deno.test("companionsOf() says why something is not used", () => {
  assert.deepEqual(
    companions({ choice: { kind: "file", draft: FOREIGN } }),
    draft(null, "foreign does not draft for big: it has another vocabulary"),
  );
  assert.deepEqual(
    companions({ roomBytes: 11.5e9 }),
    draft(null, "small does not draft for big: the two would not fit into this machine's memory"),
  );
  const unfit = [{ kind: "draft", path: "/m/vocab.gguf", reason: "it holds no weights" }] as const;
  assert.deepEqual(
    companions({}, { ...BIG, projector: PROJECTOR, unfit }),
    {
      draft: SMALL,
      projector: PROJECTOR,
      notes: ["vocab.gguf does not draft for big: it holds no weights"],
    },
  );
});

Deno.test("companionsOf() leaves out what has failed with the model, and takes the next one", () => {
  const failed = new FailedCompanions();
  const seeing = { ...BIG, projector: PROJECTOR };
  failed.add(seeing, SMALL, "it broke");
  failed.add(seeing, PROJECTOR, "it broke too");
  const next = model("next", 1.1e9);
  const failure: Parameters<typeof companionsOf>[1]["failure"] = (one) => failed.reason(BIG, one);
  assert.deepEqual(companions({ models: [BIG, SMALL, next], failure }, seeing), {
    draft: next,
    projector: null,
    notes: [
      "mmproj.gguf is not used for big, which sees and hears nothing: it broke too",
      "small does not draft for big: it broke",
    ],
  });
  // A file of another size under the same name is another one, and so is another model.
  assert.equal(failed.reason(BIG, { ...SMALL, sizeBytes: 2e9 }), null);
  assert.equal(failed.reason(FOREIGN, SMALL), null);
});

Deno.test("suspectsOf() believes llama-server, and where it names no file suspects all", () => {
  const of = (draft: LocalModel | null, part: "model" | "draft" | "projector", split = false) =>
    suspectsOf({ draft, projector: PROJECTOR, notes: [] }, { part }, split ? "split" : "solo");
  assert.deepEqual(of(SMALL, "draft"), [SMALL]);
  assert.deepEqual(of(SMALL, "projector"), [PROJECTOR]);
  assert.deepEqual(of(SMALL, "model"), [SMALL, PROJECTOR]);
  assert.deepEqual(of(null, "draft"), [PROJECTOR]);
  assert.deepEqual(of(null, "projector", true), [PROJECTOR]);
  assert.deepEqual(of(null, "model", true), []);
});
