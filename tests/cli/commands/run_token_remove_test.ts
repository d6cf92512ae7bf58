import assert from "node:assert/strict";
import { questionText, removedText } from "../../../src/cli/commands/run_token_remove.ts";

const machine = { id: "12D3KooWmini", name: "mini\u001b[31m" };

Deno.test("a removal is asked for with who stays and who does not, without what would steer a terminal", () => {
  const stays = [{ id: "12D3KooWtower", name: "tower" }, { id: "12D3KooWlaptop", name: null }];
  const lost = [{ id: "12D3KooWaway", name: "away\u202e" }];
  assert.deepEqual(questionText({ machine, stays, lost }).split("\n"), [
    "These came by its invites, and stay: tower, 12D3KooWlaptop",
    "These are away now, and have to be invited again: away",
    "Remove mini [31m from the mesh, with every invite that it has made?",
  ]);
  assert.equal(questionText({ machine, stays: [], lost: [] }).split("\n").length, 1);
  assert.equal(
    removedText({ machine, stays, lost }),
    "Removed mini [31m from the mesh\nTo be invited again: away\n",
  );
});
