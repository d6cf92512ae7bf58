import { configure, getLogger, reset } from "@logtape/logtape";
import assert from "node:assert/strict";
import {
  type ApiKey,
  createGateway,
  fullKey,
  InstanceUnavailableError,
  type Obstacle,
} from "../../../src/api/mod.ts";
import { LOAD_HEADER } from "../../../src/api/routing/balance.ts";
import { rendezvousOrder } from "../../../src/api/routing/choose.ts";
import { conversationStart } from "../../../src/api/routing/conversation.ts";
import type { OpenAiError } from "../../../src/api/http/openai_errors.ts";
import { asking, echo, FakeNode, type FakeNodeOptions, instance } from "../fake_node.ts";

const CHAT = "/v1/chat/completions";
const hello = { model: "guide", messages: [{ role: "user", content: "hello" }] };

function setUp(options: FakeNodeOptions = {}, keys: readonly ApiKey[] = []) {
  const node = new FakeNode(options);
  const config = { keys, logger: getLogger("test"), newId: () => "new-id", holdMs: 0 };
  const gateway = createGateway(node, config);
  return { node, gateway };
}

async function errorOf(response: Response): Promise<OpenAiError["error"]> {
  return (await response.json() as OpenAiError).error;
}

Deno.test("The gateway passes a request's bytes on unchanged, and the answer's bytes back", async () => {
  const { node, gateway } = setUp({ warm: [instance("a")] });
  const body = '{ "model" : "guide",\n "odd": 1.0, "prompt":"\\u00e9" }';
  const response = await gateway.request("/v1/completions?x=1", asking(body));
  assert.equal(await response.text(), body);
  const [only] = node.forwarded;
  assert.equal(only?.request.path, "/v1/completions?x=1");
  assert.equal(only?.request.method, "POST");
  assert.equal(new TextDecoder().decode(only!.request.body!), body);
});

Deno.test("The gateway names the request and the host that answered", async () => {
  const { node, gateway } = setUp({ warm: [instance("a")] });
  const response = await gateway.request(CHAT, asking(hello));
  assert.equal(response.headers.get("x-mesh-host"), "a");
  assert.equal(response.headers.get("x-request-id"), "new-id");
  assert.equal(node.forwarded[0]?.request.requestId, "new-id");
  await response.body?.cancel();
  const own = await gateway.request("/health");
  assert.equal(own.headers.get("x-mesh-host"), "self");
  assert.equal(own.headers.get("x-request-id"), "new-id");
});

Deno.test("The gateway keeps the caller's request id where that is sane", async () => {
  const { gateway } = setUp();
  const table: [string, string][] = [
    ["abc-1.2:3", "abc-1.2:3"],
    ["a b", "new-id"],
    ["x".repeat(129), "new-id"],
    ["é", "new-id"],
  ];
  for (const [given, expected] of table) {
    const response = await gateway.request("/nothing", { headers: { "x-request-id": given } });
    assert.equal(response.headers.get("x-request-id"), expected, given);
  }
});

Deno.test("The gateway chooses the instance that every gateway would choose", async () => {
  const warm = ["a", "b", "c"].map((host) => instance(host));
  const { node, gateway } = setUp({ warm });
  for (const content of ["one", "two", "three", "four", "five"]) {
    const body = { model: "guide", messages: [{ role: "user", content }] };
    await (await gateway.request(CHAT, asking(body))).body?.cancel();
    const [first] = rendezvousOrder(warm, conversationStart(body));
    assert.equal(node.forwarded.at(-1)?.host, first?.host);
  }
});

Deno.test("The gateway answers by the node's own model where the request names none", async () => {
  const warm = [instance("a", "large"), instance("b", "guide")];
  for (const [ownModel, host] of [["large", "a"], ["guide", "b"], [null, "b"]] as const) {
    const { node, gateway } = setUp({ warm, ownModel });
    await (await gateway.request(CHAT, asking({ messages: [] }))).body?.cancel();
    assert.equal(node.forwarded[0]?.host, host);
  }
});

Deno.test("The gateway asks the next instance when one is unavailable, and the caller sees nothing", async () => {
  const warm = ["a", "b", "c"].map((host) => instance(host));
  const order = rendezvousOrder(warm, conversationStart(hello)).map(({ host }) => host);
  const { node, gateway } = setUp({
    warm,
    forward: ({ host }) => {
      if (host !== order[2]) throw new InstanceUnavailableError("gone", { wasAsked: false });
      return new Response("answer");
    },
  });
  const response = await gateway.request(CHAT, asking(hello));
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("x-mesh-host"), order[2]);
  assert.equal(await response.text(), "answer");
  assert.deepEqual(node.forwarded.map(({ host }) => host), order);
  assert.equal(node.records.length, 1);
});

Deno.test("The gateway asks the next instance when an answer breaks off before its first byte", async () => {
  const warm = ["a", "b"].map((host) => instance(host));
  const [first] = rendezvousOrder(warm, conversationStart(hello));
  const { gateway } = setUp({
    warm,
    forward: ({ host }) => {
      if (host !== first?.host) return new Response("answer");
      return new Response(new ReadableStream({ pull: (c) => c.error(new Error("died")) }));
    },
  });
  assert.equal(await (await gateway.request(CHAT, asking(hello))).text(), "answer");
});

Deno.test("The gateway asks an instance that a refresh brings once all others failed", async () => {
  const { node, gateway } = setUp({
    warm: [instance("a")],
    refreshed: [instance("a"), instance("b")],
    forward: ({ host }) => {
      if (host === "a") throw new InstanceUnavailableError("gone", { wasAsked: false });
      return new Response("answer");
    },
  });
  const response = await gateway.request(CHAT, asking(hello));
  assert.equal(response.headers.get("x-mesh-host"), "b");
  await response.body?.cancel();
  assert.deepEqual(node.forwarded.map(({ host }) => host), ["a", "b"], "each is asked once");
});

Deno.test("The gateway says that no instance can be reached once all have failed", async () => {
  const { node, gateway } = setUp({
    warm: [instance("a"), instance("b")],
    forward: () => {
      throw new InstanceUnavailableError("gone", { wasAsked: false });
    },
  });
  const response = await gateway.request(CHAT, asking(hello));
  assert.equal(response.status, 503);
  assert.equal((await errorOf(response)).code, "model_unavailable");
  assert.equal(response.headers.get("x-mesh-host"), "self");
  assert.deepEqual(node.records.map(({ status, host }) => [status, host]), [[503, null]]);
});

Deno.test("A client that has not reached its mesh can't say that a model is unknown", async () => {
  const { gateway } = setUp({ warm: [], knowsMesh: false });
  const response = await gateway.request(CHAT, asking({ ...hello, model: "guide" }));
  assert.equal(response.status, 503);
  assert.equal((await errorOf(response)).code, "model_unavailable");
});

Deno.test("The gateway refuses an unknown model after one refresh, naming the warm ones", async () => {
  const { node, gateway } = setUp({ warm: [instance("a", "large")], refreshed: [instance("b")] });
  const response = await gateway.request(CHAT, asking({ model: "absent" }));
  assert.equal(response.status, 404);
  const error = await errorOf(response);
  assert.match(error.message, /'absent'.*ready now: guide$/);
  assert.equal(error.param, "model");
  assert.equal(node.refreshes, 1);
  assert.equal(node.forwarded.length, 0);
});

Deno.test("The gateway takes the start of a name, in any case, and answers by the name that was asked", async () => {
  const { node, gateway } = setUp({
    warm: [instance("a", "Large"), instance("b", "guide")],
    forward: ({ model }) => Response.json({ model, text: "guide" }),
  });
  for (const [model, host] of [["GUIDE", "b"], ["gu", "b"], ["large", "a"]] as const) {
    const response = await gateway.request(CHAT, asking({ model }));
    assert.equal(response.headers.get("x-mesh-host"), host);
    assert.deepEqual(await response.json(), { model, text: "guide" });
    assert.equal((await (await gateway.request(`/v1/models/${model}`)).json()).instances, 1);
  }
  assert.equal(node.records[1]?.model, "guide", "the record has the whole name");
});

Deno.test("The gateway names the models that a name may stand for", async () => {
  const { node, gateway } = setUp({ warm: [instance("a", "guide-1"), instance("b", "guide-2")] });
  const asked = [gateway.request(CHAT, asking(hello)), gateway.request("/v1/models/guide")];
  for (const response of await Promise.all(asked)) {
    assert.equal(response.status, 404);
    assert.match((await errorOf(response)).message, /'guide' may be guide-1, guide-2/);
  }
  assert.equal(node.forwarded.length, 0);
});

Deno.test("HEAD is answered like GET, without a body", async () => {
  const { gateway } = setUp({ warm: [instance("a")] });
  for (
    const [path, status] of [["/v1/models", 200], ["/v1/models/guide", 200], ["/health", 200], [
      "/v1/models/absent",
      404,
    ]] as const
  ) {
    const response = await gateway.request(path, { method: "HEAD" });
    assert.equal(response.status, status, path);
    assert.equal(await response.text(), "");
  }
});

Deno.test("The gateway finds a model that a refresh brings", async () => {
  const { gateway } = setUp({ refreshed: [instance("b")] });
  const response = await gateway.request(CHAT, asking(hello));
  assert.equal(response.headers.get("x-mesh-host"), "b");
  await response.body?.cancel();
});

Deno.test("The gateway answers from what it knows where a refresh fails", async () => {
  const { node, gateway } = setUp({ warm: [instance("a", "large")] });
  node.refresh = () => Promise.reject(new Error("no host answers"));
  assert.equal((await gateway.request(CHAT, asking(hello))).status, 404);
  assert.equal((await gateway.request("/v1/models")).status, 200);
});

Deno.test("The gateway tells a model that is being loaded from an unknown one", async () => {
  const { gateway } = setUp({ ownModel: "guide" });
  for (const body of [hello, {}]) {
    const response = await gateway.request(CHAT, asking(body));
    assert.equal(response.status, 503);
    assert.equal((await errorOf(response)).code, "model_not_ready");
  }
});

Deno.test("The gateway passes an instance's own errors on", async () => {
  const forward = () => Response.json({ error: { code: 400 } }, { status: 400 });
  const { node, gateway } = setUp({ warm: [instance("a")], forward });
  const response = await gateway.request(CHAT, asking(hello));
  assert.equal(response.status, 400);
  assert.deepEqual(await response.json(), { error: { code: 400 } });
  assert.equal(node.records[0]?.status, 400);
});

Deno.test("The gateway hides what went wrong inside it", async () => {
  const forward = () => {
    throw new TypeError("a secret of the inside");
  };
  const { gateway } = setUp({ warm: [instance("a")], forward });
  const response = await gateway.request(CHAT, asking(hello));
  assert.equal(response.status, 500);
  assert.doesNotMatch(await response.text(), /secret|at /);
});

Deno.test("The gateway refuses bodies that it can't route, in OpenAI's shape", async () => {
  const { node, gateway } = setUp({ warm: [instance("a")] });
  const table: [RequestInit, number][] = [
    [asking("not JSON"), 400],
    [asking(""), 400],
    [asking("[1]"), 400],
    [asking({ model: 7 }), 400],
    [asking(`{"a":${"[".repeat(200_000)}`), 400],
    [{ method: "POST", body: "{}" }, 415],
    [asking("a=b", { "content-type": "application/x-www-form-urlencoded" }), 415],
    [asking("{}", { "content-length": `${64 * 1024 * 1024 + 1}` }), 413],
  ];
  for (const [init, status] of table) {
    const response = await gateway.request(CHAT, init);
    assert.equal(response.status, status, `${init.body}`.slice(0, 40));
    const { message, type, param, code } = await errorOf(response);
    assert.equal(type, "invalid_request_error");
    assert.ok(message !== "" && code !== "" && param !== undefined);
  }
  assert.equal(node.forwarded.length, 0);
  assert.deepEqual(node.records.map(({ status }) => status), table.map(([, status]) => status));
});

Deno.test("The gateway routes a form by its model field", async () => {
  const { node, gateway } = setUp({ warm: [instance("a", "whisper"), instance("b")] });
  const body = new FormData();
  body.set("model", "whisper");
  body.set("file", new Blob(["sound"]), "a.wav");
  const response = await gateway.request("/v1/audio/transcriptions", { method: "POST", body });
  assert.match(await response.text(), /sound/);
  const [only] = node.forwarded;
  assert.equal(only?.host, "a");
  assert.match(only?.request.headers.get("content-type") ?? "", /^multipart\/form-data; boundary=/);
});

Deno.test("The gateway knows no paths but those of inference", async () => {
  const { node, gateway } = setUp({ warm: [instance("a")] });
  const table: [string, string][] = [
    ["GET", "/"],
    ["GET", "/v1/chat/completions"],
    ["DELETE", "/v1/models"],
    ["POST", "/slots"],
    ["POST", "/props"],
    ["POST", "/metrics"],
    ["POST", "/v1"],
  ];
  for (const [method, path] of table) {
    const response = await gateway.request(path, method === "POST" ? asking(hello) : { method });
    assert.equal(response.status, 404, `${method} ${path}`);
    assert.equal((await errorOf(response)).code, "unknown_url");
  }
  assert.equal(node.forwarded.length, 0);
});

Deno.test("The gateway forwards llama-server's own paths for the model named in the body", async () => {
  for (const path of ["/tokenize", "/detokenize", "/apply-template"]) {
    const { node, gateway } = setUp({ warm: [instance("a", "large"), instance("b")] });
    await (await gateway.request(path, asking({ model: "large", content: "x" }))).body?.cancel();
    assert.deepEqual(node.forwarded.map(({ host, request }) => [host, request.path]), [[
      "a",
      path,
    ]]);
  }
});

Deno.test("GET /v1/models lists each warm model of the mesh once", async () => {
  const { gateway } = setUp({
    warm: [instance("a"), instance("b"), instance("c", "org/large:q4")],
  });
  const { object, data } = await (await gateway.request("/v1/models")).json();
  assert.equal(object, "list");
  assert.deepEqual(data.map(({ id }: { id: string }) => id), ["guide", "org/large:q4"]);
  for (const model of data) {
    assert.equal(model.object, "model");
    assert.equal(model.owned_by, "mesh-llm");
    assert.ok(Number.isInteger(model.created));
  }
  const one = await gateway.request("/v1/models/org/large:q4");
  assert.deepEqual(await one.json(), data[1]);
});

Deno.test("GET /v1/models asks the mesh where the node knows of no warm model", async () => {
  const { gateway } = setUp({ refreshed: [instance("b")] });
  const { data } = await (await gateway.request("/v1/models")).json();
  assert.equal(data.length, 1);
});

Deno.test("GET /v1/models/NAME refuses a model that is not warm", async () => {
  const { gateway } = setUp({ warm: [instance("a")] });
  const response = await gateway.request("/v1/models/absent");
  assert.equal(response.status, 404);
  assert.equal((await errorOf(response)).code, "model_not_found");
});

Deno.test("GET /health answers 200 while the API lives, and says what it can answer", async () => {
  const cold = setUp();
  const warm = setUp({ warm: [instance("a")] });
  assert.deepEqual(await (await cold.gateway.request("/health")).json(), {
    status: "ok",
    models: [],
  });
  const response = await warm.gateway.request("/health");
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), { status: "ok", models: ["guide"] });
});

Deno.test("HEAD answers as GET without a body, OPTIONS says what is allowed", async () => {
  const { gateway } = setUp({ warm: [instance("a")] });
  const head = await gateway.request("/v1/models", { method: "HEAD" });
  assert.equal(head.status, 200);
  assert.equal(await head.text(), "");
  const options = await gateway.request(CHAT, { method: "OPTIONS" });
  assert.equal(options.status, 204);
  assert.equal(options.headers.get("allow"), "GET, HEAD, POST, OPTIONS");
});

Deno.test("With a key, every caller but those of /health has to send it", async () => {
  const { node, gateway } = setUp({ warm: [instance("a")] }, [fullKey("test", "secret")]);
  const refused: [string, RequestInit][] = [
    ["/v1/models", {}],
    ["/v1/models", { headers: { authorization: "Bearer wrong" } }],
    [CHAT, asking(hello)],
    [CHAT, asking(hello, { authorization: "Basic secret" })],
    ["/nothing", {}],
  ];
  for (const [path, init] of refused) {
    const response = await gateway.request(path, init);
    assert.equal(response.status, 401, path);
    assert.equal(response.headers.get("www-authenticate"), "Bearer");
    assert.equal((await errorOf(response)).code, "invalid_api_key");
  }
  assert.equal(node.forwarded.length, 0);
  const headers = { authorization: "Bearer secret" };
  assert.equal((await gateway.request("/v1/models", { headers })).status, 200);
  const byAnthropic = { "x-api-key": "secret" };
  assert.equal((await gateway.request("/v1/models", { headers: byAnthropic })).status, 200);
  assert.equal((await gateway.request("/health")).status, 200);
});

Deno.test("The key does not leave the node", async () => {
  const { node, gateway } = setUp({ warm: [instance("a")] }, [fullKey("test", "secret")]);
  const response = await gateway.request(CHAT, asking(hello, { authorization: "Bearer secret" }));
  await response.body?.cancel();
  const [only] = node.forwarded;
  assert.doesNotMatch(JSON.stringify([...only!.request.headers]), /secret/);
});

Deno.test("The gateway records each request when its answer has ended", async () => {
  const chunks = ["data: 1\n\n", "data: 2\n\n"];
  const { node, gateway } = setUp({
    warm: [instance("a")],
    forward: () => new Response(ReadableStream.from(chunks).pipeThrough(new TextEncoderStream())),
  });
  const response = await gateway.request(CHAT, asking(hello));
  assert.deepEqual([node.begun, node.records.length], [1, 0]);
  await response.text();
  assert.deepEqual([node.begun, node.records.length], [1, 1]);
  const [{ id, model, host, path, status, tokensOut, firstByteMs, totalMs }] = node.records as [
    typeof node.records[0],
  ];
  assert.deepEqual([id, model, host, path, status, tokensOut], [
    "new-id",
    "guide",
    "a",
    CHAT,
    200,
    2,
  ]);
  assert.ok(firstByteMs !== null && firstByteMs <= totalMs);
});

Deno.test("The gateway reads no faster than its caller, of events as of anything else", async () => {
  const event = new TextEncoder().encode(`data: ${HEL}\n\n`);
  for (const type of ["application/octet-stream", "text/event-stream"]) {
    let made = 0;
    const forward = () => {
      const body = new ReadableStream({
        pull: (controller) => {
          made++;
          controller.enqueue(event);
        },
      }, { highWaterMark: 0 });
      return new Response(body, { headers: { "content-type": type } });
    };
    const { gateway } = setUp({ warm: [instance("a")], forward });
    const response = await gateway.request(CHAT, asking({ ...hello, stream: true }));
    const reader = response.body!.getReader();
    for (let read = 1; read <= 5; read++) {
      await reader.read();
      assert.ok(made <= read + 1, `${type}: ${made} made, ${read} read`);
    }
    await reader.cancel();
  }
});

Deno.test("A caller that stops reading cancels the work", async () => {
  const cancelled = Promise.withResolvers<void>();
  const { node, gateway } = setUp({
    warm: [instance("a")],
    forward: () =>
      new Response(
        new ReadableStream({
          pull: (controller) => controller.enqueue(new Uint8Array(1)),
          cancel: () => cancelled.resolve(),
        }),
      ),
  });
  const response = await gateway.request(CHAT, asking(hello));
  await response.body?.cancel();
  await cancelled.promise;
  assert.ok(node.forwarded[0]?.request.signal.aborted);
  assert.equal(node.records[0]?.status, 499);
});

Deno.test("A caller that goes away while it waits cancels the work", async () => {
  const caller = new AbortController();
  const { node, gateway } = setUp({
    warm: [instance("a"), instance("b")],
    forward: (_instance, { signal }) => {
      caller.abort();
      signal.throwIfAborted();
      return new Response("too late");
    },
  });
  await gateway.request(CHAT, { ...asking(hello), signal: caller.signal });
  assert.equal(node.forwarded.length, 1, "no other instance is asked");
  assert.equal(node.records[0]?.status, 499);
});

Deno.test("An answer that breaks off after its first byte breaks off for the caller too", async () => {
  const first = new TextEncoder().encode("data: 1\n\n");
  let pulls = 0;
  const { node, gateway } = setUp({
    warm: [instance("a"), instance("b")],
    forward: () =>
      new Response(
        new ReadableStream({
          pull: (controller) =>
            pulls++ === 0 ? controller.enqueue(first) : controller.error("died"),
        }),
      ),
  });
  const response = await gateway.request(CHAT, asking(hello));
  await assert.rejects(response.text());
  assert.equal(node.forwarded.length, 1);
  assert.equal(node.records[0]?.status, 502);
});

/** An answer that breaks off behind these events. */
function breakingOff(events: readonly string[]): Response {
  const parts = events.map((event) => new TextEncoder().encode(`data: ${event}\n\n`));
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const part = parts.shift();
      if (part === undefined) controller.error(new Error("died"));
      else controller.enqueue(part);
    },
  }, { highWaterMark: 0 });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

const OPENING = JSON.stringify({ id: "1", choices: [{ index: 0, delta: { role: "assistant" } }] });
const HEL = JSON.stringify({ id: "1", choices: [{ index: 0, delta: { content: "Hel" } }] });

Deno.test("An answer that has only opened is asked for elsewhere, and the caller sees nothing", async () => {
  const whole = `data: ${HEL}\n\ndata: [DONE]\n\n`;
  let asked = 0;
  const { gateway } = setUp({
    warm: [instance("a"), instance("b")],
    forward: () =>
      asked++ === 0
        ? breakingOff([OPENING])
        : new Response(whole, { headers: { "content-type": "text/event-stream" } }),
  });
  const response = await gateway.request(CHAT, asking({ ...hello, stream: true, n: 2 }));
  assert.equal(await response.text(), whole);
});

Deno.test("A stream that can't be continued ends with an error in OpenAI's shape, not in the middle of an event", async () => {
  const table: [string, Record<string, unknown>, RegExp][] = [
    [
      CHAT,
      { ...hello, stream: true, n: 2 },
      /^data: \{"error":\{"message":"[^"]*several choices"/m,
    ],
    [
      "/v1/messages",
      { ...hello, stream: true },
      /^event: error\ndata: \{"type":"error","error":\{/m,
    ],
  ];
  for (const [path, body, expected] of table) {
    const { node, gateway } = setUp({
      warm: [instance("a"), instance("b")],
      forward: () => breakingOff([HEL]),
    });
    const text = await (await gateway.request(path, asking(body))).text();
    assert.match(text, expected);
    assert.match(text, /"code":"answer_interrupted"\}\}\n\n$/);
    assert.equal(node.records[0]?.status, 502);
  }
});

Deno.test("A request that ends every instance it meets is given up", async () => {
  const warm = ["a", "b", "c", "d", "e", "f"].map((host) => instance(host));
  const { node, gateway } = setUp({
    warm,
    forward: () => {
      throw new InstanceUnavailableError("it ended", { wasAsked: true });
    },
  });
  const response = await gateway.request(CHAT, asking(hello));
  assert.equal(response.status, 502);
  assert.equal((await errorOf(response)).code, "answer_interrupted");
  assert.equal(node.forwarded.length, 4);
});

Deno.test("Machines that serve something else now are no lost ones, and nobody waits for them", async () => {
  const warm = ["a", "b", "c", "d", "e", "f"].map((host) => instance(host));
  const forward = () => {
    if (node.forwarded.length === warm.length) node.becomeWarm([]);
    const reasons = { wasAsked: false, isRetired: true };
    throw new InstanceUnavailableError("it serves another model", reasons);
  };
  const { node, gateway } = setUp({ warm, forward });
  const response = await gateway.request(CHAT, asking(hello));
  assert.equal(response.status, 404);
  assert.equal(node.forwarded.length, warm.length);
});

Deno.test("Dead hosts are told of once, however often they are tried for one request", async () => {
  const told: unknown[] = [];
  await configure({
    sinks: { keep: ({ level, properties }) => level === "warning" && told.push(properties.host) },
    loggers: [
      { category: "test", sinks: ["keep"], lowestLevel: "debug" },
      { category: ["logtape", "meta"], sinks: [] },
    ],
  });
  try {
    const unreachable = () => {
      throw new InstanceUnavailableError("no stream to it opened", { wasAsked: false });
    };
    const node = new FakeNode({ warm: [instance("a"), instance("b")], forward: unreachable });
    const gateway = createGateway(node, { keys: [], logger: getLogger("test"), holdMs: 600 });
    const response = await gateway.request(CHAT, asking(hello));
    assert.equal(response.status, 503);
    assert.ok(node.forwarded.length > 4, "they were tried again");
    assert.deepEqual(told.toSorted(), ["a", "b"]);
  } finally {
    await reset();
  }
});

Deno.test("A JSON answer that breaks off is asked for elsewhere, whole", async () => {
  let asked = 0;
  const { gateway } = setUp({
    warm: [instance("a"), instance("b")],
    forward: () => {
      if (asked++ > 0) return Response.json({ whole: true });
      const body = breakingOff([HEL]).body;
      return new Response(body, { headers: { "content-type": "application/json" } });
    },
  });
  const response = await gateway.request(CHAT, asking(hello));
  assert.deepEqual(await response.json(), { whole: true });
});

Deno.test("An instance that is full passes a request on; where all are, the caller is told when to try again", async () => {
  const full = () =>
    new Response("{}", { status: 429, headers: { [LOAD_HEADER]: "active=9; slots=4; waited=0" } });
  const warm = [instance("a"), instance("b")];
  const [first] = rendezvousOrder(warm, conversationStart(hello));
  const one = setUp({
    warm,
    forward: ({ host }) => host === first?.host ? full() : new Response("{}"),
  });
  const passed = await one.gateway.request(CHAT, asking(hello));
  assert.equal(passed.status, 200);
  assert.notEqual(passed.headers.get("x-mesh-host"), first?.host);
  await passed.body?.cancel();
  const all = setUp({ warm, forward: full });
  const refused = await all.gateway.request(CHAT, asking(hello));
  assert.equal(refused.status, 429);
  assert.match(refused.headers.get("retry-after") ?? "", /^\d+$/);
  assert.equal((await errorOf(refused)).code, "model_overloaded");
  assert.equal(all.node.forwarded.length, 2);
});

Deno.test("A request is held while its model may come, and answered once it is there", async () => {
  const node = new FakeNode({ coming: ["guide"], forward: echo });
  const gateway = createGateway(node, { keys: [], logger: getLogger("test") });
  const answer = gateway.request(CHAT, asking(hello));
  await node.refreshed(2);
  node.becomeWarm([instance("a")]);
  const response = await answer;
  assert.equal(response.status, 200);
  await response.body?.cancel();
});

Deno.test("A stream that is held gets a sign of life, and then its answer in the same stream", async () => {
  const events = `data: ${HEL}\n\ndata: [DONE]\n\n`;
  const node = new FakeNode({
    coming: ["guide"],
    forward: () => new Response(events, { headers: { "content-type": "text/event-stream" } }),
  });
  const config = { keys: [], logger: getLogger("test"), signOfLifeMs: 0 };
  const gateway = createGateway(node, config);
  const response = await gateway.request(CHAT, asking({ ...hello, stream: true }));
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  node.becomeWarm([instance("a")]);
  assert.equal(await response.text(), `: waiting\n\n${events}`);
  const record = await node.recorded();
  assert.deepEqual([record.host, record.status], ["a", 200]);
});

Deno.test("What goes wrong after a sign of life is told by an event", async () => {
  const refusal = Response.json({ error: { code: 400, message: "too long" } }, { status: 400 });
  const table: [FakeNode, RegExp][] = [
    [
      new FakeNode({ coming: ["guide"] }),
      /^: waiting\n\ndata: \{"error":\{.*"model_not_ready"\}\}\n\n$/,
    ],
    [
      new FakeNode({ coming: ["guide"], forward: () => refusal }),
      /data: \{"error":\{.*"too long"\}\}/,
    ],
  ];
  for (const [node, expected] of table) {
    const comes = expected.source.includes("too long");
    const holdMs = comes ? 60_000 : 300;
    const config = { keys: [], logger: getLogger("test"), signOfLifeMs: 0, holdMs };
    const gateway = createGateway(node, config);
    const response = await gateway.request(CHAT, asking({ ...hello, stream: true }));
    if (comes) node.becomeWarm([instance("a")]);
    assert.match(await response.text(), expected);
  }
});

/** An answer of events that come when they are told to. */
function heldEvents() {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({ start: (c) => void (controller = c) });
  const headers = { "content-type": "text/event-stream; charset=utf-8" };
  return { controller, response: new Response(body, { headers }) };
}

Deno.test("The head of a stream goes ahead of its first event", async () => {
  const { controller, response } = heldEvents();
  const { node, gateway } = setUp({ warm: [instance("a")], forward: () => response });
  const answer = await gateway.request(CHAT, asking({ ...hello, stream: true }));
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("x-mesh-host"), "a");
  assert.equal(answer.headers.get("content-type"), "text/event-stream; charset=utf-8");
  const events = `data: ${HEL}\n\ndata: [DONE]\n\n`;
  controller.enqueue(new TextEncoder().encode(events));
  controller.close();
  assert.equal(await answer.text(), events);
  assert.equal((await node.recorded()).retries, 0);
});

Deno.test("Behind the head of a stream the next instance answers in place of one that breaks off", async () => {
  const warm = ["a", "b"].map((host) => instance(host));
  const [first] = rendezvousOrder(warm, conversationStart(hello));
  const events = `data: ${HEL}\n\ndata: [DONE]\n\n`;
  const headers = { "content-type": "text/event-stream" };
  const table: [Response, RegExp][] = [
    [new Response(events, { headers }), /^data: .*\n\ndata: \[DONE\]\n\n$/],
    [
      Response.json({ error: { message: "too long" } }, { status: 400 }),
      /^data: \{"error":\{"message":"too long"\}\}\n\n$/,
    ],
  ];
  for (const [second, expected] of table) {
    const { controller, response } = heldEvents();
    const forward: FakeNodeOptions["forward"] = ({ host }) =>
      host === first?.host ? response : second;
    const { node, gateway } = setUp({ warm, forward });
    const answer = await gateway.request(CHAT, asking({ ...hello, stream: true }));
    assert.equal(answer.headers.get("x-mesh-host"), first?.host);
    controller.error(new Error("died"));
    assert.match(await answer.text(), expected);
    const record = await node.recorded();
    assert.notEqual(record.host, first?.host);
    assert.equal(record.retries, 1);
  }
});

Deno.test("Behind the head of a stream an event tells that nobody answers", async () => {
  const { controller, response } = heldEvents();
  const { gateway } = setUp({ warm: [instance("a")], forward: () => response });
  const answer = await gateway.request(CHAT, asking({ ...hello, stream: true }));
  controller.error(new Error("died"));
  assert.match(await answer.text(), /^data: \{"error":\{.*\}\}\n\n$/);
});

Deno.test("An obstacle to a model is reported at once, or after a short wait if it may pass", async () => {
  const rows: readonly [Obstacle, number, string, RegExp][] = [
    [
      { kind: "failed", model: "guide", reason: "on a: llama-server: unknown architecture" },
      503,
      "model_failed",
      /can't be loaded on a: llama-server: unknown architecture/,
    ],
    [
      { kind: "dropped", model: "guide", by: ["a", "b"] },
      404,
      "model_dropped",
      /dropped on a, b/,
    ],
  ];
  for (const [obstacle, status, code, message] of rows) {
    for (const model of ["guide", undefined]) {
      const node = new FakeNode({ obstacles: [obstacle] });
      const gateway = createGateway(node, { keys: [], logger: getLogger("test") });
      const response = await gateway.request(CHAT, asking({ ...hello, model, stream: true }));
      assert.equal(response.status, status);
      const error = await errorOf(response);
      assert.equal(error.code, code);
      assert.match(error.message, message);
    }
  }
});

Deno.test("A model that failed is held where another machine loads it for the request", async () => {
  const obstacles = [{ kind: "failed", model: "guide", reason: "on a: no" }] as const;
  const node = new FakeNode({ obstacles, forward: echo });
  node.onDisk.push("guide");
  const gateway = createGateway(node, { keys: [], logger: getLogger("test") });
  const answer = gateway.request(CHAT, asking(hello));
  await node.refreshed(2);
  node.becomeWarm([instance("a")]);
  const response = await answer;
  assert.equal(response.status, 200);
  await response.body?.cancel();
});

Deno.test("A model whose only instance is lost is loaded from another disk, whether or not it was named", async () => {
  for (const model of ["guide", undefined]) {
    const forward: FakeNodeOptions["forward"] = (one, request) => {
      if (one.host === "b") return echo(one, request);
      node.becomeWarm([]);
      throw new InstanceUnavailableError("it ended", { wasAsked: true });
    };
    const node: FakeNode = new FakeNode({ warm: [instance("a")], forward });
    node.onDisk.push("guide");
    const gateway = createGateway(node, { keys: [], logger: getLogger("test") });
    const answer = gateway.request(CHAT, asking({ ...hello, model }));
    await node.refreshed(2);
    assert.deepEqual(new Set(node.asked), new Set(["requestLoad guide"]));
    node.becomeWarm([instance("b")]);
    const response = await answer;
    assert.equal(response.headers.get("x-mesh-host"), "b");
    await response.body?.cancel();
  }
});

Deno.test("A model that lacks memory is refused with both numbers once the wait is over", async () => {
  const obstacles: Obstacle[] = [
    { kind: "waiting", model: "guide", needBytes: 46e9, haveBytes: 24e9 },
    { kind: "downloading", model: "far", by: "a" },
    { kind: "unclaimed", model: "lost" },
  ];
  const config = { keys: [], logger: getLogger("test"), holdMs: 1 };
  const gateway = createGateway(new FakeNode({ obstacles }), config);
  const said = async (model: string) => {
    const response = await gateway.request(CHAT, asking({ ...hello, model }));
    assert.equal(response.status, 503);
    const { code, message } = await errorOf(response);
    return `${code}: ${message}`;
  };
  assert.match(await said("guide"), /^model_waiting: .* needs 46\.0 GB, .* have 24\.0 GB/);
  assert.match(await said("far"), /^model_downloading: .* downloaded by a/);
  assert.match(await said("lost"), /^model_unserved: .* no machine that is here can serve it now/);
});

Deno.test("The gateway holds a suspect of a crash no longer than any request, while another one is asked", async () => {
  const asked = new Map<string, number>();
  const node = new FakeNode({
    warm: [instance("a"), instance("b")],
    forward: (_, { body, signal }) => {
      const text = new TextDecoder().decode(body ?? undefined);
      const times = (asked.get(text) ?? 0) + 1;
      asked.set(text, times);
      if (times === 1) {
        throw new InstanceUnavailableError("It crashed", { wasAsked: true, isCrash: true });
      }
      const { promise, reject } = Promise.withResolvers<Response>();
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      return promise;
    },
  });
  const gateway = createGateway(node, { keys: [], logger: getLogger("test"), holdMs: 50 });
  const leaving = new AbortController();
  const answers = ["one", "two"].map(async (prompt) =>
    await gateway.request("/v1/completions", {
      ...asking({ model: "guide", prompt }),
      signal: leaving.signal,
    })
  );
  const first = await Promise.race(answers);
  assert.equal(first.status, 503);
  assert.equal((await errorOf(first)).code, "request_held_too_long");
  leaving.abort(new Error("The caller has gone"));
  await Promise.allSettled(answers);
  assert.deepEqual([...asked.values()].sort(), [1, 2]);
});

Deno.test("The gateway asks the instance of the model, of a host that has several", async () => {
  const warm = [instance("a"), { ...instance("a"), model: "other" }];
  const { gateway } = setUp({ warm, forward: ({ model }) => new Response(model) });
  for (const { model } of warm) {
    const response = await gateway.request(CHAT, asking({ ...hello, model }));
    assert.equal(await response.text(), model);
  }
});

const TWINS = ["aa", "bb"].map((digits, index) => ({
  ...instance(["a", "b"][index]!),
  fingerprint: digits.repeat(32),
}));

// Two files of one name were one model: a caller that asked for it got now the one, now the other.
Deno.test("The gateway takes two files of one name for two models, and never one for the other", async () => {
  const { node, gateway } = setUp({ warm: TWINS, forward: ({ host }) => Response.json({ host }) });
  const ids = ["guide@aaaaaaaa", "guide@bbbbbbbb"];
  const { data } = await (await gateway.request("/v1/models")).json();
  assert.deepEqual(data.map(({ id }: { id: string }) => id), ids);
  for (const [index, id] of ids.entries()) {
    const one = await (await gateway.request(`/v1/models/${id}`)).json();
    assert.deepEqual([one.id, one.instances], [id, 1]);
    for (let times = 0; times < 4; times++) {
      const prompt = { ...hello, user: String(times), model: id };
      const response = await gateway.request(CHAT, asking(prompt));
      assert.equal((await response.json()).host, TWINS[index]?.host);
    }
    assert.equal(node.records.at(-1)?.model, id);
  }
  for (const asked of [CHAT, "/v1/models/guide"]) {
    const init = asked === CHAT ? asking(hello) : {};
    const refused = await gateway.request(asked, init);
    assert.equal(refused.status, 404);
    assert.match((await refused.json()).error.message, /may be guide@aaaaaaaa, guide@bbbbbbbb/);
  }
});

Deno.test("The gateway takes a bare name for its own file, also where only another one is ready", async () => {
  const own = [{ name: "guide", fingerprint: "bb".repeat(32) }];
  const forward: FakeNodeOptions["forward"] = ({ host }) => new Response(host);
  const { gateway } = setUp({ warm: TWINS, own, forward });
  assert.equal(await (await gateway.request(CHAT, asking(hello))).text(), "b");
  const cold = setUp({ warm: TWINS.slice(0, 1), own, forward });
  const refused = await cold.gateway.request(CHAT, asking(hello));
  assert.equal(refused.status, 404);
  assert.deepEqual(cold.node.asked, ["requestLoad guide@bbbbbbbb"]);
  const other = asking({ ...hello, model: "guide@aaaaaaaa" });
  assert.equal(await (await cold.gateway.request(CHAT, other)).text(), "a");
});

Deno.test("The gateway gives an answer no other model of the name, when its host is lost", async () => {
  const forward: FakeNodeOptions["forward"] = ({ host }) => {
    if (host === "b") return new Response("of another model");
    throw new InstanceUnavailableError("it ended", { wasAsked: true });
  };
  const node = new FakeNode({ warm: TWINS, forward });
  const gateway = createGateway(node, { keys: [], logger: getLogger("test"), holdMs: 20 });
  const body = asking({ ...hello, model: "guide@aaaaaaaa" });
  const response = await gateway.request(CHAT, body);
  assert.doesNotMatch(await response.text(), /of another model/);
  assert.ok(node.forwarded.every(({ host }) => host === "a"));
});
