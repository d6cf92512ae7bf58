import { getLogger } from "@logtape/logtape";
import assert from "node:assert/strict";
import { type ApiKey, createGateway, fullKey } from "../../src/api/mod.ts";
import { asking, FakeNode, type FakeNodeOptions, instance } from "./fake_node.ts";

const CHAT = "/v1/chat/completions";
const LIMITED: ApiKey = {
  name: "team-a",
  key: "sk-a",
  models: ["guide"],
  requestsPerMinute: 2,
  tokensPerMinute: 50,
};
const USAGE = { usage: { prompt_tokens: 20, completion_tokens: 40 } };

function setUp(options: FakeNodeOptions = {}) {
  const clock = { nowMs: 0 };
  const node = new FakeNode({
    warm: [instance("a", "guide"), instance("b", "large")],
    ownModel: "large",
    forward: () => Response.json(USAGE),
    ...options,
  });
  const keys = [fullKey("all", "sk-all"), LIMITED];
  const now = () => clock.nowMs;
  return { node, clock, gateway: createGateway(node, { keys, logger: getLogger("test"), now }) };
}

const by = (key: string) => ({ authorization: `Bearer ${key}` });

Deno.test("A key sees the models that it may use, and no others", async () => {
  const { gateway } = setUp();
  const list = async (key: string) => {
    const response = await gateway.request("/v1/models", { headers: by(key) });
    return (await response.json()).data.map(({ id }: { id: string }) => id);
  };
  assert.deepEqual(await list("sk-a"), ["guide"]);
  assert.deepEqual(await list("sk-all"), ["guide", "large"]);
  for (const [path, status] of [["guide", 200], ["large", 404]] as const) {
    const response = await gateway.request(`/v1/models/${path}`, { headers: by("sk-a") });
    assert.equal(response.status, status);
    assert.doesNotMatch(await response.text(), /ready now:.*large/);
  }
  assert.equal((await gateway.request("/v1/models", { headers: by("sk-b") })).status, 401);
});

Deno.test("A key reaches no model but its own, by its name or by none", async () => {
  const { node, gateway } = setUp();
  const ask = (model?: string) => gateway.request(CHAT, asking({ model }, by("sk-a")));
  const refused = await ask("large");
  assert.equal(refused.status, 404);
  assert.doesNotMatch((await refused.json()).error.message, /ready now:.*large/);
  await (await ask()).text();
  assert.deepEqual(node.forwarded.map(({ host }) => host), ["a"], "not the node's own");
});

Deno.test("A key for a name is for all models of it, and a key for an id for one", async () => {
  const warm = ["aa", "bb"].map((digits, index) => ({
    ...instance(["a", "b"][index]!),
    fingerprint: digits.repeat(32),
  }));
  const table: [string[], string[]][] = [
    [["guide"], ["guide@aaaaaaaa", "guide@bbbbbbbb"]],
    [["guide@bbbbbbbb"], ["guide@bbbbbbbb"]],
    [["guide@cccccccc"], []],
  ];
  for (const [models, allowed] of table) {
    const node = new FakeNode({ warm, forward: ({ host }) => new Response(host) });
    const keys = [{ ...LIMITED, models, requestsPerMinute: null }];
    const gateway = createGateway(node, { keys, logger: getLogger("test") });
    const { data } = await (await gateway.request("/v1/models", { headers: by("sk-a") })).json();
    assert.deepEqual(data.map(({ id }: { id: string }) => id), allowed);
    for (const [id, host] of [["guide@aaaaaaaa", "a"], ["guide@bbbbbbbb", "b"]] as const) {
      const response = await gateway.request(CHAT, asking({ model: id }, by("sk-a")));
      const answered = response.status === 200 ? await response.text() : response.status;
      assert.equal(answered, allowed.includes(id) ? host : 404);
    }
    const bare = await gateway.request(CHAT, asking({ model: "guide" }, by("sk-a")));
    const { message } = (await bare.json()).error;
    assert.equal(bare.status, 404);
    for (const id of ["guide@aaaaaaaa", "guide@bbbbbbbb"]) {
      assert.equal(message.includes(id), allowed.includes(id), message);
    }
  }
});

Deno.test("A key for a model allows its alias, and a key for an alias allows nothing", async () => {
  const aliases = [{
    alias: "default",
    model: { name: "guide", fingerprint: instance("a", "guide").fingerprint },
  }];
  for (
    const [models, status] of [[["guide"], 200], [["default"], 404], [["large"], 404]] as const
  ) {
    const warm = [instance("a", "guide"), instance("b", "large")];
    const node = new FakeNode({ warm, aliases, forward: ({ host }) => new Response(host) });
    const keys = [{ ...LIMITED, models, requestsPerMinute: null }];
    const gateway = createGateway(node, { keys, logger: getLogger("test") });
    const response = await gateway.request(CHAT, asking({ model: "default" }, by("sk-a")));
    await response.text();
    assert.equal(response.status, status, models.join());
    assert.equal(node.forwarded[0]?.host, status === 200 ? "a" : undefined);
    const listed = await gateway.request("/v1/models/default", { headers: by("sk-a") });
    await listed.text();
    assert.equal(listed.status, status);
  }
});

Deno.test("The host hears what the key allows, and its key never leaves the node", async () => {
  const { node, gateway } = setUp();
  await (await gateway.request(CHAT, asking({ model: "guide" }, by("sk-a")))).text();
  const { request } = node.forwarded[0]!;
  const { models, requestsPerMinute, tokensPerMinute } = LIMITED;
  assert.deepEqual(request.grant, {
    key: "team-a",
    models,
    requestsPerMinute,
    tokensPerMinute,
  });
  assert.doesNotMatch(JSON.stringify([request, ...request.headers]), /sk-a/);
  assert.equal(node.records[0]?.key, "team-a");
});

Deno.test("A key that is used up is told when to come again", async () => {
  const { node, gateway, clock } = setUp({ forward: () => Response.json({}) });
  const ask = () => gateway.request(CHAT, asking({ model: "guide" }, by("sk-a")));
  for (const remaining of ["1", "0"]) {
    const response = await ask();
    await response.text();
    assert.equal(response.headers.get("x-ratelimit-remaining-requests"), remaining);
    assert.equal(response.headers.get("retry-after"), null);
  }
  const refused = await ask();
  assert.equal(refused.status, 429);
  assert.equal(refused.headers.get("retry-after"), "30");
  assert.equal(refused.headers.get("x-ratelimit-limit-requests"), "2");
  assert.deepEqual((await refused.json()).error, {
    message: "This key may use 2 requests a minute: try again in 30 s",
    type: "requests",
    param: null,
    code: "rate_limit_exceeded",
  });
  const others = await gateway.request(CHAT, asking({ model: "guide" }, by("sk-all")));
  assert.equal(others.status, 200);
  assert.equal(others.headers.get("x-ratelimit-limit-requests"), null);
  assert.equal((await gateway.request("/v1/models", { headers: by("sk-a") })).status, 200);
  clock.nowMs += 30_000;
  assert.equal((await ask()).status, 200);
  assert.equal(node.forwarded.length, 4);
});

Deno.test("Tokens are taken when the answer has ended", async () => {
  const { gateway, clock } = setUp();
  const ask = () => gateway.request(CHAT, asking({ model: "guide" }, by("sk-a")));
  await (await ask()).text();
  const refused = await ask();
  assert.equal(refused.status, 429);
  assert.equal((await refused.json()).error.type, "tokens");
  clock.nowMs += 13_200;
  assert.equal((await ask()).status, 200);
});
