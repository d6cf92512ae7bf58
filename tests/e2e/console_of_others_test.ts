/**
 * The parts of a node that another user of the machine reaches: the page's own files, and the API's port. Needs Linux
 * and root.
 */

import assert from "node:assert/strict";
import type { NodeProcess } from "../support/node_process.ts";
import { otherUserTest, saidToOtherUser } from "../support/other_user.ts";
import { startServing } from "./mesh_of_nodes.ts";

/** Sends a request on a connection that the stranger has opened. */
function sending(url: string, head: readonly string[], body = ""): string {
  const { hostname, port } = new URL(url);
  const lines = [...head, "Host: localhost", "Connection: close", `Content-Length: ${body.length}`];
  const text = [...lines, "", body].join("\\r\\n");
  return `exec 3<>/dev/tcp/${hostname}/${port}; printf '${text}' >&3`;
}

async function statusFor(url: string, head: string, body = "", headers: readonly string[] = []) {
  const json = body === "" ? [] : ["Content-Type: application/json"];
  const script = sending(url, [`${head} HTTP/1.1`, ...json, ...headers], body);
  const answer = await saidToOtherUser(`${script}; cat <&3`);
  return Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
}

async function invitesOf(node: NodeProcess): Promise<number> {
  const { tokens } = await (await fetch(`${node.ready.console}/api/tokens`)).json();
  return tokens.length;
}

otherUserTest(
  "another user of the machine gets the console's files and nothing else of it",
  async () => {
    await using node = await startServing(["--model", "guide"]);
    const { api, console } = node.ready;
    const chat = '{"model":"guide","messages":[{"role":"user","content":"hi"}],"max_tokens":1}';
    const before = await invitesOf(node);
    const table: [string, string, string, number][] = [
      [console, "GET /", "", 200],
      [console, "GET /api/session", "", 200],
      [console, "GET /api/status", "", 401],
      [console, "GET /api/events", "", 401],
      [console, "GET /api/requests", "", 401],
      [console, "GET /api/logs", "", 401],
      [console, "GET /api/tokens", "", 401],
      [console, "POST /api/tokens", "{}", 401],
      [console, "POST /api/session/links", "{}", 401],
      [console, "POST /api/session", '{"code":"guessed"}', 401],
      [console, "POST /api/models/guide/drop", "", 401],
      [console, "GET /metrics", "", 401],
      [console, "GET /v1/models", "", 401],
      [console, "POST /v1/chat/completions", chat, 401],
      [api, "GET /health", "", 200],
      [api, "GET /v1/models", "", 200],
      [api, "GET /api/status", "", 404],
    ];
    for (const [url, head, body, status] of table) {
      assert.equal(await statusFor(url, head, body), status, head);
    }
    // For the node's own user nothing has changed: neither page nor programs sign in.
    for (const path of ["/", "/api/status", "/metrics", "/v1/models"]) {
      const response = await fetch(console + path);
      await response.body?.cancel();
      assert.equal(response.status, 200, path);
    }
    assert.equal(await invitesOf(node), before);
  },
);

// The system lists a socket that its process has closed as root's, and this node runs as root.
otherUserTest("another user who hangs up at once is not taken for the node's own", async () => {
  await using node = await startServing(["--model", "guide"]);
  const before = await invitesOf(node);
  const head = ["POST /api/tokens HTTP/1.1", "Content-Type: application/json"];
  const hasty = sending(node.ready.console, head, "{}");
  await saidToOtherUser(`for n in $(seq 50); do (${hasty}; exec 3>&-); done`);
  assert.equal(await statusFor(node.ready.console, "GET /api/status"), 401);
  assert.equal(await invitesOf(node), before);
});

otherUserTest("an address that signs in does so for whoever has it, once", async () => {
  await using node = await startServing(["--model", "guide"]);
  const { console } = node.ready;
  const { url } = await (await fetch(`${console}/api/session/links`, { method: "POST" })).json();
  const code = new URL(url).hash.replace("#sign-in=", "");
  const head = ["POST /api/session HTTP/1.1", "Content-Type: application/json"];
  const signIn = `${sending(console, head, JSON.stringify({ code }))}; cat <&3`;
  const answer = await saidToOtherUser(signIn);
  const [, cookie = ""] = /^set-cookie: ([^;]+); .*HttpOnly; SameSite=Strict/im.exec(answer) ??
    [];
  assert.equal(await statusFor(console, "GET /api/status", "", [`Cookie: ${cookie}`]), 200);
  assert.match(await saidToOtherUser(signIn), /^HTTP\/1\.1 401 /);
});
