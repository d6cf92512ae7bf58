import assert from "node:assert/strict";
import { findRunningNode, isPlanted, parseNodeFile } from "../../../src/cli/client/running_node.ts";
import { withManagementApi, writeNodeFile } from "../management.ts";

Deno.test("a running node is asked with the admin key of its data directory", () =>
  withManagementApi({ answer: () => Response.json({ version: "1" }) }, async (api) => {
    const node = await api.find();
    assert.deepEqual(await node.get("/api/status"), { version: "1" });
    const [request] = api.requests;
    assert.equal(request!.path, "/api/status");
    assert.equal(request!.headers.get("authorization"), "Bearer key");
  }));

Deno.test("a client is found in its own folder below the data directory", () =>
  withManagementApi({ answer: () => Response.json(1), folder: "client" }, async (api) => {
    assert.equal(await (await api.find()).get("/api/status"), 1);
  }));

Deno.test("a body is posted as JSON", () =>
  withManagementApi({ answer: () => Response.json({}) }, async (api) => {
    await (await api.find()).post("/api/tokens", { role: "client" });
    const [request] = api.requests;
    assert.equal(request!.headers.get("content-type"), "application/json");
    assert.equal(request!.body, '{"role":"client"}');
  }));

Deno.test("a refusal is told in the node's own words", () => {
  const answer = () => Response.json({ error: { message: "This node may not" } }, { status: 403 });
  return withManagementApi({ answer }, async (api) => {
    const node = await api.find();
    await assert.rejects(node.post("/api/tokens", {}), {
      name: "NodeAnswerError",
      message: "This node may not",
    });
  });
});

Deno.test("a refusal without words is told by its status", () =>
  withManagementApi({ answer: () => new Response("oops", { status: 500 }) }, async (api) => {
    const node = await api.find();
    await assert.rejects(node.get("/api/status"), { message: "The node answered 500" });
  }));

Deno.test("a data directory without a node is named", async () => {
  const dataDir = await Deno.makeTempDir({ prefix: "mesh-llm-test-" });
  try {
    await assert.rejects(findRunningNode(dataDir), {
      name: "NodeNotRunningError",
      message: `No node is running on ${dataDir}: start one with mesh-llm console, ` +
        `or name its directory with --data-dir`,
    });
  } finally {
    await Deno.remove(dataDir);
  }
});

Deno.test("the file of a killed node leads to no request", async () => {
  const dead = await new Deno.Command("true").spawn();
  await dead.status;
  await withManagementApi({ answer: () => Response.json({}) }, async (api) => {
    await writeNodeFile(api.dataDir, "http://127.0.0.1:9", dead.pid);
    await assert.rejects(api.find(), { name: "NodeNotRunningError" });
    assert.equal(api.requests.length, 0);
  });
});

const broken = [
  "",
  "null",
  "[]",
  '{"pid":1}',
  '{"pid":-1,"console":"http://127.0.0.1:1","adminKey":"k"}',
  '{"pid":1,"console":"nowhere","adminKey":"k"}',
  '{"pid":1,"console":"http://127.0.0.1:1"}',
];

for (const text of broken) {
  Deno.test(`parseNodeFile() takes ${JSON.stringify(text)} for no node`, () => {
    assert.equal(parseNodeFile(text), null);
  });
}

Deno.test("isPlanted() says so of another user's node.json, but to the administrator", () => {
  assert.ok(isPlanted({ uid: 1001 }, 1000));
  for (const [uid, self] of [[1000, 1000], [0, 1000], [1001, 0], [null, 1000]] as const) {
    assert.ok(!isPlanted({ uid }, self), `${uid} ${self}`);
  }
});
