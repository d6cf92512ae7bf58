/** Invites from the command line to the wire: real processes. */

import assert from "node:assert/strict";
import type { InviteStatus } from "../../src/api/mod.ts";
import { type NodeProcess, startNode } from "../support/node_process.ts";
import { runProgram } from "../support/program.ts";
import { nodeTest, startServing } from "./mesh_of_nodes.ts";

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
