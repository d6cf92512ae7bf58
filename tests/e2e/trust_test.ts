/** Invites from the command line to the wire: real processes. */

import assert from "node:assert/strict";
import type { InviteStatus } from "../../src/api/mod.ts";
import { type NodeProcess, startNode } from "../support/node_process.ts";
import { runProgram } from "../support/program.ts";
import { parseToken } from "../../src/mesh/mod.ts";
import { nodeTest, startServing, until } from "./mesh_of_nodes.ts";

/** A short membership: enough to join and be seen on a busy machine. */
const MEMBERSHIP_MS = 8_000;

async function token(node: NodeProcess, ...args: readonly string[]): Promise<string> {
  const outcome = await runProgram(["token", ...args, "--data-dir", node.dataDir]);
  assert.equal(outcome.code, 0, outcome.stderr);
  return outcome.stdout.trim();
}

async function list(node: NodeProcess): Promise<InviteStatus[]> {
  return JSON.parse(await token(node, "list", "--json")).tokens;
}

function lastWords(node: NodeProcess): string {
  return node.lines.map(({ message }) => message).join("\n");
}

nodeTest(
  "a revoked client is cut, stops with a sentence and exit code 1, and can't return",
  async () => {
    await using founder = await startServing(["--model", "guide"]);
    const invite = await token(founder, "--role", "client", "--name", "Ann");
    await using client = await startNode({ args: ["--client", "--join", invite] });
    const [, ann] = await list(founder);
    assert.deepEqual([ann?.name, ann?.role, ann?.state], ["Ann", "client", "valid"]);
    assert.equal(await token(founder, "revoke", ann?.id ?? ""), `The invite ${ann?.id} is revoked`);
    assert.equal(await client.exited, 1);
    assert.match(lastWords(client), /the invite that this node came by was revoked/);
    assert.equal((await founder.status()).node.clientsConnected, 0);
    await using again = await startNode({ args: ["--client", "--join", invite] });
    assert.equal(await again.exited, 1);
    assert.equal((await list(founder))[1]?.state, "revoked");
  },
);

nodeTest("a membership that expires ends: the node stops with a sentence", async () => {
  await using founder = await startServing(["--model", "guide"]);
  const expiresAt = Date.now() + MEMBERSHIP_MS;
  const response = await fetch(`${founder.ready.console}/api/tokens`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ role: "client", expiresAt }),
  });
  const invite = (await response.json()).token;
  await using client = await startNode({ args: ["--client", "--join", invite] });
  await client.waitFor("expiring");
  assert.equal(await client.exited, 1);
  assert.ok(Date.now() >= expiresAt);
  assert.match(lastWords(client), /membership has expired; join again with a new token/);
});

nodeTest("the token of a founder that is off adds a machine, which may add others", async () => {
  await using founder = await startServing(["--model", "guide"]);
  await using second = await startServing(["--join", founder.token]);
  const isNamed = (token: string | null) =>
    token !== null &&
    parseToken(token, Date.now()).addresses.some((address) => address.endsWith(second.ready.node));
  const { mesh } = await until(founder, "a token with both", ({ mesh }) => isNamed(mesh.token));
  await founder.stop();
  await using third = await startServing(["--join", mesh.token ?? ""]);
  const isThere = ({ id }: { id: string }) => id === second.ready.node;
  await until(third, "in the mesh", ({ peers }) => peers.some(isThere));
  assert.ok(third.ready.token !== null);
  const none = await token(third, "--no-invite", "--name", "Bob");
  assert.equal(parseToken(none, Date.now()).grant.mayInvite, false);
});

nodeTest(
  "of three machines, each invited by the one before, the middle one is removed",
  async () => {
    await using first = await startServing(["--model", "guide"]);
    await using second = await startServing(["--join", await token(first, "--name", "second")]);
    const forThird = await token(second, "--may-invite", "--name", "third");
    await using third = await startServing(["--join", forThird]);
    await until(first, "a mesh of three", ({ peers }) => peers.length === 2);
    const unasked = (machine: string) =>
      runProgram(["token", "remove", machine, "--data-dir", first.dataDir]);
    const refused = await unasked(second.name);
    assert.deepEqual([refused.code, /add --yes/.test(refused.stderr)], [2, true]);
    const unknown = await unasked("nobody");
    assert.deepEqual([unknown.code, /machine.*nobody|nobody.*machine/.test(unknown.stderr)], [
      1,
      true,
    ]);
    const before = third.lines.length;
    const removal = JSON.parse(await token(first, "remove", second.name, "--yes", "--json"));
    const machine = (node: NodeProcess) => ({ id: node.ready.node, name: node.name });
    assert.deepEqual(removal, { machine: machine(second), stays: [machine(third)], lost: [] });
    assert.equal(await second.exited, 1);
    assert.match(lastWords(second), /the invite that this node came by was revoked/);
    for (const [node, peer] of [[first, third], [third, first]] as const) {
      await until(
        node,
        "a mesh of two",
        ({ peers }) => peers.length === 1 && peers[0]?.id === peer.ready.node,
      );
    }
    const left = third.lines.slice(before).filter(({ event }) => event === "peer");
    assert.deepEqual(left.map(({ name }) => name), [second.name], "the third never left");
    await using late = await startServing(["--join", forThird]);
    assert.equal(await late.exited, 1);
    await using fourth = await startServing(["--join", await token(third, "--name", "fourth")]);
    await until(
      first,
      "a mesh of three again",
      ({ peers }) => peers.some(({ id }) => id === fourth.ready.node),
    );
  },
);
