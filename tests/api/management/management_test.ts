import { createManagement } from "../../../src/api/management/management.ts";
import { getLogger } from "@logtape/logtape";
import { hc } from "hono/client";
import assert from "node:assert/strict";
import { AdminDoor } from "../../../src/api/keys/admin_session.ts";
import { KeyBook } from "../../../src/api/keys/key_book.ts";
import { type ManagementApi, ModelRefusedError } from "../../../src/api/mod.ts";
import { instance, model } from "../../support/console_status.ts";
import { asking, FakeNode, requestRecord } from "../fake_node.ts";
import { SseReader } from "../sse_reader.ts";

function setUp(adminKey: string | null = null, node = new FakeNode()) {
  return {
    node,
    management: createManagement(node, {
      door: new AdminDoor({ adminKey }),
      signInUrl: () => "http://localhost/#sign-in=once",
      logger: getLogger("test"),
      addresses: () => [{ url: "http://127.0.0.1:9337", on: null }],
      keys: new KeyBook({ fixed: [] }),
    }),
  };
}

Deno.test("GET /api/status is the node's status", async () => {
  const { node, management } = setUp();
  const response = await management.request("/api/status");
  assert.deepEqual(await response.json(), node.status());
});

Deno.test("GET /api/events is an event stream that no proxy keeps back", async () => {
  const { management } = setUp();
  const { headers, body } = await management.request("/api/events");
  assert.equal(headers.get("content-type"), "text/event-stream");
  assert.equal(headers.get("cache-control"), "no-store");
  const reader = new SseReader(body!);
  assert.equal((await reader.next()).event, "status");
  await reader.cancel();
});

Deno.test("GET /api/events resumes after the Last-Event-ID", async () => {
  const { node, management } = setUp();
  const first = new SseReader((await management.request("/api/events")).body!);
  const { id } = await first.next();
  await first.cancel();
  node.send({ type: "progress", task: "load", model: "guide", fraction: 0.5 });
  const headers = { "last-event-id": id };
  const second = new SseReader((await management.request("/api/events", { headers })).body!);
  assert.equal((await second.next()).event, "progress");
  await second.cancel();
});

Deno.test("GET /api/requests tells of the last thousand, the newest first", async () => {
  const { node, management } = setUp();
  const sent = Array.from({ length: 1_002 }, (_, index) => requestRecord({ id: `r${index}` }));
  for (const request of sent) node.send({ type: "request", request });
  const { requests } = await (await management.request("/api/requests")).json();
  assert.deepEqual(requests, sent.slice(2).reverse());
});

Deno.test("With an admin key, a page signs in and then listens to events", async () => {
  const { management } = setUp("admin");
  for (const path of ["/api/events", "/api/status", "/metrics"]) {
    assert.equal((await management.request(path)).status, 401, path);
  }
  assert.deepEqual(await (await management.request("/api/session")).json(), { signedIn: false });
  const refused = await management.request("/api/session", asking({ key: "wrong" }));
  assert.equal(refused.status, 401);
  const signedIn = await management.request("/api/session", asking({ key: "admin" }));
  const headers = { cookie: signedIn.headers.get("set-cookie")!.split(";", 1)[0]! };
  const reader = new SseReader((await management.request("/api/events", { headers })).body!);
  assert.equal((await reader.next()).event, "status");
  await reader.cancel();
  await management.request("/api/session", { method: "DELETE", headers });
  assert.equal((await management.request("/api/status", { headers })).status, 401);
});

Deno.test("POST /api/tokens makes an invite", async () => {
  const table: [unknown, unknown][] = [
    [{}, { role: "member" }],
    [{ role: "client", name: "laptop" }, { role: "client", name: "laptop" }],
    [{ mayInvite: true }, { role: "member", mayInvite: true }],
    [{ expiresAt: 9e12 }, { role: "member", expiresAt: 9e12 }],
  ];
  for (const [body, invite] of table) {
    const { node, management } = setUp();
    const response = await management.request("/api/tokens", asking(body));
    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), { token: "a-token" });
    assert.deepEqual(node.invites, [invite]);
  }
});

Deno.test("a removal is shown before it is done, and of an unknown machine it is 404", async () => {
  const { node, management } = setUp();
  const ask = async (path: string, method = "GET") => {
    const response = await management.request(path, { method });
    return [response.status, await response.json()];
  };
  const removal = await node.removalOf("mini");
  assert.deepEqual(await ask("/api/peers/mini/removal"), [200, removal]);
  assert.deepEqual(node.asked, []);
  assert.deepEqual(await ask("/api/peers/mini", "DELETE"), [200, removal]);
  assert.deepEqual(node.asked, ["remove mini"]);
  const [status, body] = await ask("/api/peers/nobody", "DELETE");
  assert.deepEqual([status, body.error.code], [404, "machine_not_found"]);
});

Deno.test("GET /api/tokens lists the invites, DELETE revokes one and knows what it does not know", async () => {
  const { node, management } = setUp();
  const response = await management.request("/api/tokens");
  assert.deepEqual(await response.json(), { tokens: node.tokens() });
  const id = node.tokens()[0]?.id ?? "";
  const revoke = (id: string) => management.request(`/api/tokens/${id}`, { method: "DELETE" });
  const revoked = await revoke(id);
  assert.deepEqual([revoked.status, await revoked.json()], [200, { id }]);
  assert.deepEqual(node.asked, [`revoke ${id}`]);
  const unknown = await revoke("ffffffffffffffff");
  assert.equal(unknown.status, 404);
  assert.equal((await unknown.json()).error.code, "invite_not_found");
});

Deno.test("POST /api/tokens refuses what is not an invite with a sentence", async () => {
  const { node, management } = setUp();
  const table: [RequestInit, number, RegExp][] = [
    [asking({ role: "root" }), 400, /'role'.*"member"\|"client"/],
    [asking({ name: "" }), 400, /'name'/],
    [asking({ expiresAt: -1 }), 400, /'expiresAt'/],
    [asking({ name: 7 }), 400, /'name'/],
    [asking({ expires: 1 }), 400, /"expires"/],
    [asking([]), 400, /object/],
    [asking("{"), 400, /JSON/],
    [{ method: "POST", body: "{}" }, 415, /Content-Type/],
    [{ method: "POST" }, 415, /Content-Type/],
    [asking({}, { "content-type": "text/plain" }), 415, /text\/plain/],
    [asking({ name: "x".repeat(100_000) }, { "content-length": "100000" }), 413, /larger than/],
  ];
  for (const [init, status, message] of table) {
    const response = await management.request("/api/tokens", init);
    assert.equal(response.status, status, `${init.body}`.slice(0, 40));
    assert.match((await response.json()).error.message, message);
  }
  assert.equal(node.invites.length, 0);
});

Deno.test("POST /api/tokens says why a node may not invite", async () => {
  const { node, management } = setUp();
  node.inviteError = new Error("This node was invited as a client and may not invite");
  const response = await management.request("/api/tokens", asking({}));
  assert.equal(response.status, 403);
  assert.equal((await response.json()).error.message, node.inviteError.message);
});

Deno.test("POST /api/models/:name/serve and .../drop name a model, with slashes where it has them", async () => {
  const { node, management } = setUp();
  for (const path of ["guide/serve", "org%2Fmodel/drop"]) {
    const response = await management.request(`/api/models/${path}`, { method: "POST" });
    assert.equal(response.status, 200, path);
  }
  assert.deepEqual(node.asked, ["serve guide", "drop org/model"]);
});

Deno.test("POST /api/models/:name/drop says why it is refused", async () => {
  const { node, management } = setUp();
  for (const [why, status] of [["unknown", 404], ["conflict", 409]] as const) {
    node.modelError = new ModelRefusedError(why, "This node does not serve it");
    const response = await management.request("/api/models/guide/drop", { method: "POST" });
    assert.equal(response.status, status);
    assert.equal((await response.json()).error.message, "This node does not serve it");
  }
});

Deno.test("The download routes begin, tell, pause and cancel by a name or a reference", async () => {
  const { node, management } = setUp();
  const asked: string[] = [];
  const download = {
    state: "running",
    receivedBytes: 1,
    totalBytes: 2,
    bytesPerSecond: 3,
    secondsLeft: 4,
    error: null,
  } as const;
  const noted = (what: string) => (name: string) => {
    asked.push(`${what} ${name}`);
    return Promise.resolve();
  };
  node.modelActions = {
    ...node.modelActions,
    download: async (reference) => {
      await noted("start")(reference);
      return { name: "m", download };
    },
    downloadStatus: (name) => name === "m" ? download : null,
    pauseDownload: noted("pause"),
    cancelDownload: noted("cancel"),
  };
  const ask = async (path: string, method = "GET") => {
    const response = await management.request(`/api/models/${path}`, { method });
    return [response.status, await response.json()];
  };
  const started = await ask("org%2Frepo%3AQ4_K_M/download", "POST");
  assert.deepEqual(started, [202, { name: "m", download }]);
  assert.deepEqual(await ask("m/download"), [200, download]);
  assert.deepEqual(await ask("other/download"), [200, null]);
  assert.deepEqual(await ask("m/download/pause", "POST"), [200, {}]);
  assert.deepEqual(await ask("m/download", "DELETE"), [200, {}]);
  assert.deepEqual(asked, ["start org/repo:Q4_K_M", "pause m", "cancel m"]);
});

Deno.test("POST /api/models/:name/download says why it is refused", async () => {
  const { node, management } = setUp();
  for (const [why, status] of [["unknown", 404], ["conflict", 409]] as const) {
    const download = () => Promise.reject(new ModelRefusedError(why, "It needs 9 GB of 8"));
    node.modelActions = { ...node.modelActions, download };
    const response = await management.request("/api/models/m/download", { method: "POST" });
    assert.equal(response.status, status);
    assert.equal((await response.json()).error.message, "It needs 9 GB of 8");
  }
});

Deno.test("Nothing under /api/ is answered without the admin's key where one is set", async () => {
  const { node, management } = setUp("admin");
  for (const path of ["/api/status", "/api/events", "/api/nothing"]) {
    assert.equal((await management.request(path)).status, 401, path);
  }
  assert.equal((await management.request("/api/tokens", asking({}))).status, 401);
  assert.equal(node.invites.length, 0);
  const headers = { authorization: "Bearer admin" };
  assert.equal((await management.request("/api/status", { headers })).status, 200);
});

Deno.test("Routes of the management API that are not there yet are 404", async () => {
  const { management } = setUp();
  for (const path of ["/api/catalog", "/api/requests", "/api/models/guide/rename"]) {
    assert.equal((await management.request(path, { method: "POST" })).status, 404, path);
  }
});

Deno.test("The console's client has its types from the routes", async () => {
  const { management } = setUp();
  const client = hc<ManagementApi>("http://localhost", {
    fetch: (input: RequestInfo | URL, init?: RequestInit) => management.request(`${input}`, init),
  });
  const made = await client.api.tokens.$post({ json: { role: "client" } });
  const { token } = await made.json();
  assert.equal(token.toUpperCase(), "A-TOKEN");
  const { version } = await (await client.api.status.$get()).json();
  assert.equal(version.trim(), "0.1.0");
});

Deno.test("GET /api/logs has what the node logged and what its processes printed", async () => {
  const { node, management } = setUp();
  const line = { time: "2026-01-01T00:00:00Z", level: "info", event: "log", message: "hello" };
  node.send({ type: "log", line });
  assert.deepEqual(await (await management.request("/api/logs")).json(), {
    node: [line],
    engine: await node.engineLogs(),
  });
});

Deno.test("GET /api/agents names the API, the model that was asked for, and lines for a shell", async () => {
  const { management } = setUp();
  const response = await management.request("/api/agents?model=big");
  const { apiUrl, agents } = await response.json();
  assert.equal(apiUrl, "http://127.0.0.1:9337");
  const aider = agents.find(({ id }: { id: string }) => id === "aider");
  assert.match(aider.shell, /^export OPENAI_API_BASE=http:\/\/127\.0\.0\.1:9337\/v1$/m);
  assert.match(aider.shell, /^aider --model openai\/big$/m);
});

Deno.test("GET /api/agents has the limits of the model that a word means", async () => {
  const content = { name: "big", fingerprint: "ab".repeat(32) };
  const node = new FakeNode({ own: [content], aliases: [{ alias: "gpt-4o", model: content }] });
  node.models = [model({ name: "big", instances: [instance({ contextLength: 8_192, slots: 2 })] })];
  const { management } = setUp(null, node);
  const limitsOf = async (word: string) =>
    (await (await management.request(`/api/agents?model=${word}`)).json()).limits;
  const limits = { context: 8_192, output: 2_048, slots: 2 };
  for (const word of ["big", "gpt-4o"]) assert.deepEqual(await limitsOf(word), limits, word);
  assert.equal(await limitsOf("other"), null);
});

Deno.test("GET /api/events tells why a machine is no longer there", async () => {
  const { node, management } = setUp();
  const reader = new SseReader((await management.request("/api/events")).body!);
  await reader.next();
  node.send({ type: "peer", peer: "p", name: "mini", change: "died" });
  const { event, data } = await reader.next();
  assert.equal(event, "peer");
  assert.deepEqual(data, { peer: "p", name: "mini", change: "died" });
  await reader.cancel();
});
