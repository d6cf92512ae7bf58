import assert from "node:assert/strict";
import { join } from "node:path";
import { startNotes } from "../../../src/node/models/chosen_model.ts";
import { type Choices, KeptChoices, stillValid } from "../../../src/node/data/kept_choices.ts";
import { continued, type Wishes } from "../../../src/node/plan/wishes.ts";
import { temporaryFolder } from "../../support/program.ts";
import { BIG, SMALL } from "../members.ts";

const SAID: Choices = {
  models: ["a"],
  pinned: [{ name: "b", path: "/b.gguf", atMs: 1 }],
  dropped: { a: 2, c: 3 },
};

Deno.test("stillValid() goes on with what was said while the same models are named, or none", () => {
  assert.deepEqual(stillValid(SAID, { models: ["a"], names: ["a"] }), SAID);
  assert.deepEqual(stillValid(SAID, { models: [], names: [] }), SAID);
});

Deno.test("stillValid() takes other models for the later word", () => {
  assert.deepEqual(stillValid(SAID, { models: ["c"], names: ["c"] }), {
    models: ["c"],
    pinned: [],
    dropped: { a: 2 },
  });
  assert.deepEqual(stillValid(SAID, { models: ["b", "a"], names: ["b", "a"] }), {
    models: ["b", "a"],
    pinned: [],
    dropped: { c: 3 },
  });
});

Deno.test("continued() drops and serves as if it were said now", () => {
  const settings: Wishes = { pinned: [BIG], wanted: ["big"], dropped: [], resting: [] };
  assert.deepEqual(continued(settings, { dropped: [], chosen: [] }), settings);
  assert.deepEqual(continued(settings, { dropped: ["big"], chosen: [] }), {
    pinned: [],
    wanted: [],
    dropped: ["big"],
    resting: [],
  });
  assert.deepEqual(continued(settings, { dropped: ["other"], chosen: [SMALL] }), {
    pinned: [SMALL, BIG],
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
    first.serve({ name: "d", path: "/d" }, 5),
    first.serve({ name: "e", path: "/e" }, 6),
    first.drop("d", 7),
    first.serve({ name: "c", path: "/c" }, 8),
  ]);
  const second = await KeptChoices.open(folder.path);
  await second.start(["a"], ["a"]);
  assert.deepEqual(second.choices, {
    models: ["a"],
    pinned: [{ name: "c", path: "/c", atMs: 8 }, { name: "e", path: "/e", atMs: 6 }],
    dropped: { a: 3, b: 2, d: 7 },
  });
  assert.equal(second.why("c"), "its user chose it here on 1970-01-01 00:00");
  await second.start(["d"], ["d"]);
  const third = await KeptChoices.open(folder.path);
  await third.start(["a"], ["a"]);
  assert.deepEqual(third.choices, { models: ["a"], pinned: [], dropped: { b: 2 } });
});

Deno.test("KeptChoices takes a damaged file for none", async () => {
  await using folder = await temporaryFolder();
  for (const text of ["", "{", '{"models":[],"told":{},"dropped":{}}', '{"models":1}']) {
    await Deno.writeTextFile(join(folder.path, "said.json"), text);
    const { choices } = await KeptChoices.open(folder.path);
    assert.deepEqual(choices, { models: [], pinned: [], dropped: {} });
  }
});

Deno.test("KeptChoices reads what an earlier version wrote", async () => {
  await using folder = await temporaryFolder();
  const { pinned, ...rest } = SAID;
  await Deno.writeTextFile(
    join(folder.path, "said.json"),
    JSON.stringify({ told: pinned[0], ...rest }),
  );
  assert.deepEqual((await KeptChoices.open(folder.path)).choices, SAID);
});

Deno.test("startNotes() says what differs from what the command line names, and the way back", () => {
  const of = (...names: string[]) => names.map((name) => ({ name, fingerprint: name }));
  const notes = (choices: Partial<Choices>, chosen: string[], named: string[]) =>
    startNotes({
      choices: { ...SAID, pinned: [], dropped: {}, ...choices },
      chosen: of(...chosen),
      named: of(...named),
    });
  const { pinned } = SAID;
  assert.deepEqual(notes({}, [], ["a"]), []);
  assert.deepEqual(notes({ pinned }, ["b"], []), []);
  assert.deepEqual(notes({ pinned, dropped: { a: 1 } }, ["b"], ["b"]), []);
  assert.match(
    notes({ pinned }, ["b"], ["a"]).join(),
    /^b comes first, .* before a, .*drop a --undo/,
  );
  assert.match(notes({ pinned }, [], ["a"]).join(), /^b, .* not on this machine's disk/);
  assert.match(notes({ dropped: { a: 1 } }, [], ["a"]).join(), /^a was dropped .*drop a --undo/);
  assert.match(notes({ dropped: { c: 1 } }, [], ["a", "c"]).join(), /^c was dropped/);
});
