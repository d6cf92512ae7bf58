import assert from "node:assert/strict";
import { join } from "node:path";
import type { LocalModel } from "../../../src/models/mod.ts";
import { startNotes } from "../../../src/node/models/chosen_model.ts";
import { type Choices, KeptChoices, stillValid } from "../../../src/node/data/kept_choices.ts";
import { continued, type Wishes } from "../../../src/node/plan/wishes.ts";
import { temporaryFolder } from "../../support/program.ts";
import { BIG, SMALL } from "../members.ts";

const SAID: Choices = {
  models: ["a"],
  pinned: { name: "b", path: "/b.gguf", atMs: 1 },
  dropped: { a: 2, c: 3 },
};

Deno.test("stillValid() goes on with what was said while the same models are named, or none", () => {
  assert.deepEqual(stillValid(SAID, { models: ["a"], names: ["a"] }), SAID);
  assert.deepEqual(stillValid(SAID, { models: [], names: [] }), SAID);
});

Deno.test("stillValid() takes other models for the later word", () => {
  assert.deepEqual(stillValid(SAID, { models: ["c"], names: ["c"] }), {
    models: ["c"],
    pinned: null,
    dropped: { a: 2 },
  });
  assert.deepEqual(stillValid(SAID, { models: ["b", "a"], names: ["b", "a"] }), {
    models: ["b", "a"],
    pinned: null,
    dropped: { c: 3 },
  });
});

Deno.test("continued() drops and serves as if it were said now", () => {
  const settings: Wishes = { pinned: [BIG], wanted: ["big"], dropped: [], resting: [] };
  assert.deepEqual(continued(settings, { dropped: [], chosen: null }), settings);
  assert.deepEqual(continued(settings, { dropped: ["big"], chosen: null }), {
    pinned: [],
    wanted: [],
    dropped: ["big"],
    resting: [],
  });
  assert.deepEqual(continued(settings, { dropped: ["other"], chosen: SMALL }), {
    pinned: [SMALL],
    wanted: ["small", "big"],
    dropped: ["other"],
    resting: [],
  });
});

Deno.test("KeptChoices remembers over restarts what was said last of each model", async () => {
  await using folder = await temporaryFolder();
  const first = await KeptChoices.open(folder.path);
  await first.start(["a"], ["a"]);
  assert.equal(first.why("a"), "--model or config.toml names it");
  await first.serve({ name: "b", path: "/b.gguf" }, 1);
  await Promise.all([
    first.drop("b", 2),
    first.drop("a", 3),
    first.serve({ name: "c", path: "/c" }, 4),
  ]);
  const second = await KeptChoices.open(folder.path);
  await second.start(["a"], ["a"]);
  assert.deepEqual(second.choices, {
    models: ["a"],
    pinned: { name: "c", path: "/c", atMs: 4 },
    dropped: { a: 3, b: 2 },
  });
  assert.equal(second.why("c"), "its user chose it here on 1970-01-01 00:00");
  await second.start(["d"], ["d"]);
  const third = await KeptChoices.open(folder.path);
  await third.start(["a"], ["a"]);
  assert.deepEqual(third.choices, { models: ["a"], pinned: null, dropped: { b: 2 } });
});

Deno.test("KeptChoices takes a damaged file for none", async () => {
  await using folder = await temporaryFolder();
  for (const text of ["", "{", '{"models":[],"told":{},"dropped":{}}', '{"models":1}']) {
    await Deno.writeTextFile(join(folder.path, "said.json"), text);
    const { choices } = await KeptChoices.open(folder.path);
    assert.deepEqual(choices, { models: [], pinned: null, dropped: {} });
  }
});

Deno.test("KeptChoices reads what an earlier version wrote", async () => {
  await using folder = await temporaryFolder();
  const { pinned, ...rest } = SAID;
  await Deno.writeTextFile(
    join(folder.path, "said.json"),
    JSON.stringify({ told: pinned, ...rest }),
  );
  assert.deepEqual((await KeptChoices.open(folder.path)).choices, SAID);
});

Deno.test("startNotes() says what differs from what the command line names, and the way back", () => {
  const [a, b] = ["a", "b"].map((name) => ({ name }) as LocalModel) as [LocalModel, LocalModel];
  const notes = (choices: Partial<Choices>, chosen: LocalModel | null, named: LocalModel | null) =>
    startNotes({ choices: { ...SAID, pinned: null, dropped: {}, ...choices }, chosen, named });
  assert.deepEqual(notes({}, null, a), []);
  assert.deepEqual(notes({ pinned: SAID.pinned }, b, null), []);
  assert.deepEqual(notes({ pinned: SAID.pinned, dropped: { a: 1 } }, b, b), []);
  assert.match(
    notes({ pinned: SAID.pinned }, b, a).join(),
    /^b is served, .* not a, .*drop a --undo/,
  );
  assert.match(notes({ pinned: SAID.pinned }, null, a).join(), /^b, .* not on this machine's disk/);
  assert.match(notes({ dropped: { a: 1 } }, null, a).join(), /^a was dropped .*drop a --undo/);
});
