/** A machine joins the mesh of its network by a code. Each machine has three interfaces, and two of them lead nowhere. */

import assert from "node:assert/strict";
import type { NodeProcess } from "../support/node_process.ts";
import { buildOneNetwork } from "../support/one_network.ts";
import { answersExactly, until, warm } from "./mesh_of_nodes.ts";
import { GUIDE, networkTest, pairingOf, sees, startOn } from "./nodes_on_network.ts";

/** From the code that is typed to the machine that is in: a tenth of a second, and half of one on a machine that is busy. */
const JOINED_MS = 3_000;

const MEMBER = { role: "member", mayInvite: true } as const;

/** Asks, and answers with the code that the machine shows. */
async function askFrom(mini: NodeProcess, request: unknown): Promise<string> {
  const pairing = pairingOf(mini);
  assert.equal((await pairing.post("ask", request)).status, 202);
  const { own } = await pairing.until(({ own }) => own?.state === "code");
  return own?.code ?? "";
}

networkTest("a machine asks, its code is typed, and a split runs over both", async () => {
  await using network = await buildOneNetwork(2);
  const [here, there] = network.machines;
  const split = [...GUIDE, "--split", "--max-vram"];
  await using studio = await startOn(here!, [...split, "2"], { name: "studio" });
  await using mini = await startOn(there!, [...split, "1"], { name: "mini" });
  const { lan } = await until(mini, "seeing studio", sees(1));
  const [asking, asked] = [pairingOf(mini), pairingOf(studio)];
  const unknown = await asking.post("ask", { mesh: "nobody" });
  assert.equal(unknown.body.error?.code, "mesh_not_found");
  const code = await askFrom(mini, { mesh: "Studio" });
  assert.equal((await asking.post("ask", { mesh: "studio" })).body.error?.code, "asking_already");
  const { own } = await asking.view();
  assert.deepEqual([own?.mesh, own?.shortId], ["studio", lan?.meshes[0]?.shortId]);
  const { requests: [request] } = await asked.until(({ requests }) => requests.length === 1);
  assert.deepEqual([request?.name, request?.address], ["mini", there!.address]);
  await studio.waitFor(({ message }) => /^mini asks to join\. Type the code/.test(message));
  const wrong = await asked.post("accept", {
    ...MEMBER,
    code: code === "000-000" ? "000-001" : "000-000",
  });
  assert.deepEqual([wrong.body.error?.code, wrong.body.error?.triesLeft], ["wrong_code", 2]);
  const typedAt = Date.now();
  const accepted = await asked.post("accept", { ...MEMBER, code });
  assert.deepEqual([accepted.status, accepted.body], [200, { name: "mini", role: "member" }]);
  const paired = await mini.waitFor("paired");
  assert.ok(Date.parse(paired.time) - typedAt <= JOINED_MS);
  assert.equal((await asking.view()).own?.state, "joined");
  for (const node of [studio, mini]) {
    const { mesh } = await until(node, "warm split", warm("guide", "split"));
    assert.equal(mesh.id, (await studio.status()).mesh.id);
    await answersExactly(node);
  }
  const { tokens } = await (await fetch(`${studio.ready.console}/api/tokens`)).json();
  assert.deepEqual(
    tokens.flatMap(({ name, usedBy }: Record<string, unknown>) => name ? [[name, usedBy]] : []),
    [["mini", [mini.ready.node]]],
  );
});

networkTest(
  "a machine of a real mesh is asked before it leaves that, and keeps what it has loaded",
  async () => {
    await using network = await buildOneNetwork(3);
    const [here, there, third] = network.machines;
    await using studio = await startOn(here!, GUIDE, { name: "studio" });
    await using mini = await startOn(there!, GUIDE, { name: "mini" });
    await mini.serving("guide");
    await using friend = await startOn(third!, ["--join", mini.token], {
      name: "friend",
      lan: false,
    });
    await until(mini, "with a friend", ({ peers }) => peers.length === 1);
    await until(mini, "seeing studio", sees(1));
    const asking = pairingOf(mini);
    const refused = await asking.post("ask", { mesh: "studio" });
    assert.deepEqual([refused.status, refused.body.error.code], [409, "in_a_mesh"]);
    await friend.stop();
    await until(mini, "alone again", ({ peers }) => peers.length === 0);
    assert.equal(
      (await asking.post("ask", { mesh: "studio" })).status,
      409,
      "friend may come back",
    );
    const [own, studios] = [(await mini.status()).mesh.id, pairingOf(studio)];
    const first = await askFrom(mini, { mesh: "studio", leave: true });
    assert.equal((await studios.post("refuse", {})).status, 204);
    await asking.until(({ own }) => own?.state === "refused" && own.problem !== null);
    assert.equal((await studios.post("accept", { ...MEMBER, code: first })).status, 404);
    assert.equal((await asking.post("cancel", {})).status, 204);
    assert.equal((await mini.status()).mesh.id, own, "it never left its mesh");
    assert.equal(mini.lines.filter(({ event }) => event === "serving").length, 1);
  },
);
