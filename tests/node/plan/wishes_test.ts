import assert from "node:assert/strict";
import { dropping, serving, type Wishes } from "../../../src/node/plan/wishes.ts";
import { BIG, SMALL } from "../members.ts";

const told: Wishes = { told: BIG, wanted: ["big", "other"], dropped: [], resting: [] };

Deno.test("dropping() what was told leaves the rest wanted", () => {
  const wanted = ["other"];
  assert.deepEqual(dropping(told, "big"), { told: null, wanted, dropped: ["big"], resting: [] });
});

Deno.test("dropping() what the mesh had assigned keeps what was told", () => {
  assert.deepEqual(dropping(told, "small"), { ...told, dropped: ["small"] });
});

Deno.test("serving() takes a drop back, and comes first among the wanted", () => {
  const { told: now, wanted, dropped } = serving(dropping(told, "small"), SMALL);
  assert.deepEqual([now, wanted, dropped], [SMALL, ["small", "big", "other"], []]);
});
