import { getLogger } from "@logtape/logtape";
import assert from "node:assert/strict";
import { type ApiKey, createGateway, fullKey } from "../../../src/api/mod.ts";
import { createApiPort } from "../../../src/api/ports.ts";
import { RefusalCounts } from "../../../src/api/http/refusal_counts.ts";
import { asking, FakeNode, instance } from "../fake_node.ts";

const CHAT = "/v1/chat/completions";
const ONCE: ApiKey = { ...fullKey("once", "sk-once"), requestsPerMinute: 1 };

Deno.test("Every refusal at the door is counted once, by its reason, and kept out of the records", async () => {
  const logger = getLogger("test");
  const node = new FakeNode({ warm: [instance("a")], forward: () => Response.json({}) });
  const refusals = new RefusalCounts();
  const keys = [fullKey("all", "sk-all"), ONCE];
  const gateway = createGateway(node, { keys, logger, refusals });
  const own = { bound: "127.0.0.1", names: [] };
  const port = createApiPort(gateway, { self: "self", own, logger, refusals, keyed: () => true });
  const url = (path: string) => `http://localhost${path}`;
  const by = (key: string) => ({ host: "localhost", authorization: `Bearer ${key}` });
  const statusOf = async (path: string, init: RequestInit) => {
    const response = await port.request(url(path), init);
    await response.text();
    return response.status;
  };

  assert.equal(await statusOf(CHAT, asking({}, by("sk-wrong"))), 401);
  assert.equal(await statusOf(CHAT, asking({}, { host: "localhost" })), 401);
  assert.equal(await statusOf(CHAT, asking({}, { ...by("sk-all"), host: "evil.example" })), 421);
  assert.equal(await statusOf("/nothing", { headers: by("sk-all") }), 404);
  assert.equal(await statusOf(CHAT, asking({}, by("sk-once"))), 200);
  assert.equal(await statusOf(CHAT, asking({}, by("sk-once"))), 429);
  assert.deepEqual(node.records.map(({ status }) => status), [200]);

  // These came in: they are recorded too.
  assert.equal(await statusOf(CHAT, asking({ model: "x".repeat(500) }, by("sk-all"))), 404);
  const large = asking({}, { ...by("sk-all"), "content-length": String(2 ** 40) });
  assert.equal(await statusOf(CHAT, large), 413);
  assert.deepEqual(node.records.map(({ status }) => status), [200, 404, 413]);

  assert.deepEqual(Object.fromEntries(refusals.list()), {
    "key": 2,
    "foreign-host": 1,
    "unknown-path": 1,
    "rate-limit": 1,
    "unknown-model": 1,
    "body-too-large": 1,
  });
});

Deno.test("A caller that hangs up was refused nothing", async () => {
  const caller = new AbortController();
  const node = new FakeNode({
    warm: [instance("a")],
    forward: (_instance, { signal }) => {
      caller.abort();
      signal.throwIfAborted();
      return Response.json({});
    },
  });
  const refusals = new RefusalCounts();
  const gateway = createGateway(node, { keys: [], logger: getLogger("test"), refusals });
  await gateway.request(CHAT, { ...asking({}), signal: caller.signal });
  assert.deepEqual(node.records.map(({ status }) => status), [499]);
  assert.deepEqual(refusals.list(), []);
});

Deno.test("A stream that is refused behind a sign of life is counted like any other", async () => {
  const node = new FakeNode({ coming: ["guide"] });
  const refusals = new RefusalCounts();
  const config = { keys: [], logger: getLogger("test"), refusals, signOfLifeMs: 0, holdMs: 1 };
  const response = await createGateway(node, config)
    .request(CHAT, asking({ model: "guide", stream: true }));
  assert.match(await response.text(), /model_not_ready/);
  assert.deepEqual(refusals.list(), [["not-warm", 1]]);
});
