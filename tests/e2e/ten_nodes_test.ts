import "../mesh/leak_guard.ts";
import assert from "node:assert/strict";
import type { Status } from "../../src/api/mod.ts";
import { chat } from "../support/api_calls.ts";
import { Fleet, type NodeOfFleet, plansOf } from "../support/fleet_here.ts";
import { answerTo, nodeTest, QUESTION, until } from "./mesh_of_nodes.ts";

/** The models that the founder wants; it serves the first. */
const WANTED = ["w", "x", "y", "z"];

/** Memory for one of them on each node, and less beside it than a helper has. */
const engine = { maxRamBytes: 11_500_000 };

/** The models on the disks of the nodes that join. */
const DISKS = [
  ...[["x"], ["x", "y"], ["y", "z"], WANTED, ["z"]],
  ...[["w"], ["x", "z"], ["y"], ["w", "y"], []],
];

nodeTest(
  "ten nodes that join at once share what is wanted, and none changes its mind",
  async () => {
    await using fleet = await Fleet.open();
    const founder = await fleet.start("founder", ["w"], { serving: { models: WANTED }, engine });
    await until(founder, "serving", ({ node }) => node.role === "host");
    const join = founder.ready.token;
    const joined = await Promise.all(
      DISKS.map((disk, index) =>
        fleet.start(`${index} with ${disk}`, disk, { mesh: { join }, engine })
      ),
    );
    const all = [founder, ...joined];
    const serving = all.filter(({ disk }) => disk.length > 0);
    for (const node of all) {
      await until(node, "all instances", (seen) => warmOf(seen).length === serving.length);
    }
    for (const { ready } of all) {
      for (const model of WANTED) {
        assert.equal(await chat(ready.api, QUESTION, { model }), answerTo(QUESTION));
      }
    }
    for (const node of serving) checkMoves(node, node === founder);
    const idle = joined.filter(({ disk }) => disk.length === 0);
    assert.deepEqual(idle.flatMap(plansOf).map(({ model }) => model), [null]);
    checkShares(serving.map((node) => String(plansOf(node).at(-1)?.model)));
  },
);

/** Each took one model of its disk, said why, and kept it. */
function checkMoves(node: NodeOfFleet, isFounder: boolean): void {
  const moves = plansOf(node).filter(({ model }) => model !== null);
  assert.equal(moves.length, 1, JSON.stringify(moves));
  const [move] = moves;
  assert.ok(node.disk.includes(String(move?.model)), `${move?.message} by ${node.name}`);
  assert.equal(move?.automatic, !isFounder);
  const why = isFounder ? /^its user wants it$/ : /nobody serves it|fewer machines serve it/;
  assert.match(String(move?.reason), why);
}

/** Nothing is left out, and nothing is served by half of the mesh. */
function checkShares(models: readonly string[]): void {
  const counts = WANTED.map((name) => models.filter((model) => model === name).length);
  assert.ok(Math.min(...counts) >= 1 && Math.max(...counts) <= 4, `${WANTED}: ${counts}`);
}

/** The models of instances that answer, each as often as it has some. */
function warmOf({ models }: Status): string[] {
  return models.filter(({ name }) => WANTED.includes(name)).flatMap(({ name, instances }) =>
    instances.filter(({ state }) => state === "warm").map(() => name)
  );
}
