import assert from "node:assert/strict";
import { removalSentences } from "../../console/src/lib/removal.ts";

Deno.test("removalSentences() says who stays and who does not, without what would turn the text", () => {
  assert.deepEqual(removalSentences("mini", { stays: [], lost: [] }), [
    "mini leaves the mesh, with every invite that it has made.",
  ]);
  const stays = [{ id: "a", name: "tower" }, { id: "12D3KooWlaptop", name: null }];
  const lost = [{ id: "b", name: "away\u202e" }];
  assert.deepEqual(removalSentences("mini", { stays, lost }).slice(1), [
    "These came by its invites, and stay: tower, 12D3KooWlaptop.",
    "These are away now, and have to be invited again: away.",
  ]);
});
