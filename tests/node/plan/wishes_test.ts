import assert from "node:assert/strict";
import { dropping, serving, type Wishes } from "../../../src/node/plan/wishes.ts";
import { BIG, SMALL } from "../members.ts";

const pinned: Wishes = { pinned: [BIG], wanted: ["big", "other"], dropped: [], resting: [] };

Deno.test("dropping() what was chosen leaves the rest wanted", () => {
  const wanted = ["other"];
  assert.deepEqual(dropping(pinned, "big"), {
    pinned: [],
    wanted,
    dropped: ["big"],
    resting: [],
  });
});

Deno.test("dropping() what the mesh had assigned keeps what was told", () => {
  assert.deepEqual(dropping(pinned, "small"), { ...pinned, dropped: ["small"] });
});

Deno.test("serving() takes a drop back, and comes first among the wanted", () => {
  const { pinned: now, wanted, dropped } = serving(dropping(pinned, "small"), SMALL);
  assert.deepEqual([now, wanted, dropped], [[SMALL, BIG], ["small", "big", "other"], []]);
});

Deno.test("serving() and dropping() change one of several models, and leave the order of the others", () => {
  const other = { name: "other", fingerprint: "a" };
  const both = serving(serving(pinned, other), SMALL);
  assert.deepEqual(both.pinned, [SMALL, other, BIG]);
  assert.deepEqual(serving(both, BIG).pinned, [BIG, SMALL, other]);
  assert.deepEqual(dropping(both, "other").pinned, [SMALL, BIG]);
});
