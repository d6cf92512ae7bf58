import type { ServeApiOptions } from "../../src/api/serve.ts";
import { getLogger } from "@logtape/logtape";
import assert from "node:assert/strict";
import { API_DEFAULTS } from "../../src/api/config.ts";
import { fullKey, PortInUseError, serveApi } from "../../src/api/mod.ts";
import { asking, FakeNode, type FakeNodeOptions, instance } from "./fake_node.ts";
import { RawHttp } from "./raw_http.ts";
import { SseReader } from "./sse_reader.ts";

const CHAT = "/v1/chat/completions";
const MIB = 1024 * 1024;

const options: ServeApiOptions = {
  config: { ...API_DEFAULTS, port: 0, consolePort: 0 },
  names: [],
  keys: [],
  adminKey: null,
  logger: getLogger("test"),
  assets: null,
};

type ConfigChanges = Partial<ServeApiOptions["config"]>;

async function setUp(
  nodeOptions: FakeNodeOptions = { warm: [instance("a")] },
  changes: ConfigChanges = {},
  others: Partial<ServeApiOptions> = {},
) {
  const node = new FakeNode(nodeOptions);
  const servers = await serveApi(node, {
    ...options,
    ...others,
    config: { ...options.config, ...changes },
  });
  return { node, ...servers };
}

Deno.test("serveApi() starts the API, and the console with the gateway beside it", async () => {
  const { apiUrl, consoleUrl, stop } = await setUp();
  assert.deepEqual(await (await fetch(`${apiUrl}/health`)).json(), {
    status: "ok",
    models: ["guide"],
  });
  assert.match(await (await fetch(consoleUrl)).text(), /mesh-llm/);
  assert.equal((await (await fetch(`${consoleUrl}/api/status`)).json()).version, "0.1.0");
  const answer = await fetch(consoleUrl + CHAT, asking({ model: "guide" }));
  assert.equal(answer.headers.get("x-mesh-host"), "a");
  assert.deepEqual(await answer.json(), { model: "guide" });
  assert.deepEqual(await fetch(`${apiUrl}/api/status`).then((r) => r.json()), {
    error: "Nothing answers GET /api/status",
  });
  await stop();
  await stop();
});

Deno.test("serveApi() without a console keeps the management API on a loopback port", async () => {
  const changes = { console: false, consoleListen: "203.0.113.1", consolePort: 1 };
  const { consoleUrl, stop } = await setUp({}, changes);
  assert.match(consoleUrl, /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.equal((await (await fetch(consoleUrl)).json()).error.code, "unknown_url");
  assert.equal((await (await fetch(`${consoleUrl}/api/status`)).json()).version, "0.1.0");
  await stop();
});

Deno.test("serveApi() leaves nothing listening where one port is in use", async () => {
  const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  await assert.rejects(
    setUp({}, { port }),
    (error) => error instanceof PortInUseError && error.message.includes("--port"),
  );
  await assert.rejects(
    setUp({}, { consolePort: port }),
    (error) => error instanceof PortInUseError && error.message.includes("--console-port"),
  );
  taken.close();
});

Deno.test("The real server refuses what is meant for somebody else", async () => {
  const { node, apiUrl, stop } = await setUp();
  const heads: [string[], number][] = [
    [["GET /v1/models HTTP/1.1", "Host: evil.example"], 421],
    [["GET /v1/models HTTP/1.1"], 421],
    [["GET /v1/models HTTP/1.1", "Host:"], 421],
    [["GET /v1/models HTTP/1.1", "Host: localhost", "Host: evil.example"], 400],
    [["GET http://evil.example/v1/models HTTP/1.1", "Host: localhost"], 421],
    [["GET http://localhost/v1/models HTTP/1.1", "Host: localhost"], 200],
    [["GET /v1/models HTTP/1.1", "Host: x/../y@z"], 421],
    [["CONNECT evil.example:443 HTTP/1.1", "Host: localhost"], 421],
    [["OPTIONS * HTTP/1.1", "Host: evil.example"], 421],
    [["PATCH /v1/models HTTP/1.1", "Host: evil.example"], 421],
    [["BREW /v1/models HTTP/1.1", "Host: localhost"], 400],
    [["nonsense"], 400],
  ];
  for (const [head, status] of heads) {
    using caller = await RawHttp.connect(apiUrl);
    await caller.send(head);
    assert.match(await caller.receive(/\r\n\r\n/), new RegExp(`^HTTP/1.1 ${status} `), head.join());
  }
  assert.equal(node.forwarded.length, 0);
  await stop();
});

Deno.test("A Host that the user has named is answered wherever the ports are bound", async () => {
  for (const address of ["127.0.0.1", "0.0.0.0"]) {
    const changes = {
      hostNames: ["gpu.home.arpa", "*.lan"],
      listen: address,
      consoleListen: address,
    };
    const { apiUrl, consoleUrl, stop } = await setUp({}, changes);
    const table: [string, number][] = [
      ["gpu.home.arpa", 200],
      ["gpu.home.arpa:9337", 200],
      ["a.b.lan", 200],
      ["home.arpa", 421],
      ["lan", 421],
    ];
    for (const [host, status] of table) {
      for (const url of [apiUrl, consoleUrl]) {
        using caller = await RawHttp.connect(url);
        await caller.send(["GET /v1/models HTTP/1.1", `Host: ${host}`]);
        assert.match(await caller.receive(/\r\n\r\n/), new RegExp(`^HTTP/1.1 ${status} `), host);
      }
    }
    await stop();
  }
});

Deno.test("Any Host is answered where a valid key was sent, and else the refusal says what helps", async () => {
  const adminKey = "admin-key";
  const changes = { listen: "0.0.0.0", consoleListen: "0.0.0.0", adminKey };
  const others = { keys: [fullKey("all", "sk-all")], adminKey };
  const { apiUrl, consoleUrl, stop } = await setUp({ warm: [instance("a")] }, changes, others);
  const bearer = (key: string) => `authorization: Bearer ${key}`;
  const table: [string, string, string, string[], number][] = [
    [apiUrl, "/v1/models", "gpu.home.arpa", [bearer("sk-all")], 200],
    [apiUrl, "/v1/models", "gpu.home.arpa", ["x-api-key: sk-all"], 200],
    [apiUrl, "/v1/models", "not a host", [bearer("sk-all")], 200],
    [apiUrl, "/v1/models", "gpu.home.arpa", [bearer("sk-wrong")], 421],
    [apiUrl, "/v1/models", "gpu.home.arpa", [bearer("admin-key")], 421],
    [apiUrl, "/v1/models", "gpu.home.arpa", [], 421],
    [apiUrl, "/health", "gpu.home.arpa", [], 421],
    [consoleUrl, "/v1/models", "gpu.home.arpa", [bearer("sk-all")], 200],
    [consoleUrl, "/api/status", "gpu.home.arpa", [bearer("admin-key")], 200],
    [consoleUrl, "/api/status", "gpu.home.arpa", [bearer("sk-all")], 401],
    [consoleUrl, "/", "gpu.home.arpa", [], 421],
  ];
  for (const [url, path, host, headers, status] of table) {
    using caller = await RawHttp.connect(url);
    await caller.send([`GET ${path} HTTP/1.1`, `Host: ${host}`, ...headers]);
    const answer = await caller.receive(/\r\n\r\n[^]*[}>]/);
    assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `), `${path} ${headers}`);
    if (status === 421) assert.match(answer, /start it with --host-name gpu\.home\.arpa/);
  }
  await stop();
});

// A machine that answers for this machine's name on its network could have a page of that name manage the node.
Deno.test("The real server answers to the machine's name only where other machines reach it", async () => {
  for (const [address, status] of [["127.0.0.1", 421], ["0.0.0.0", 200]] as const) {
    const changes = { listen: address, consoleListen: address };
    const names = ["mini.local"];
    const { apiUrl, consoleUrl, stop } = await setUp({}, changes, { names });
    for (const url of [`${apiUrl}/health`, `${consoleUrl}/api/status`]) {
      using caller = await RawHttp.connect(url);
      await caller.send([`GET ${new URL(url).pathname} HTTP/1.1`, "Host: mini.local"]);
      assert.match(await caller.receive(/\r\n\r\n/), new RegExp(`^HTTP/1.1 ${status} `), url);
    }
    await stop();
  }
});

Deno.test("No path leads out of /v1/, however it is written", async () => {
  const { node, apiUrl, stop } = await setUp();
  const type = "Content-Type: application/json";
  for (
    const path of ["/v1/../slots", "/v1/%2e%2e/slots", "/v1/.%2E/slots", "/v1/x\\..\\..\\slots"]
  ) {
    using caller = await RawHttp.connect(apiUrl);
    await caller.send(
      [`POST ${path} HTTP/1.1`, "Host: localhost", type, "Content-Length: 2"],
      "{}",
    );
    assert.match(await caller.receive(/\r\n\r\n/), /^HTTP\/1.1 404 /, path);
  }
  assert.equal(node.forwarded.length, 0);
  await stop();
});

Deno.test("A body of 64 MiB passes, one byte more does not", async () => {
  const { node, apiUrl, stop } = await setUp();
  const body = new Uint8Array(64 * MIB + 1).fill(0x20);
  body.set(new TextEncoder().encode('{"model":"guide"}'));
  const init = { method: "POST", headers: { "content-type": "application/json" } };
  const refused = await fetch(apiUrl + CHAT, { ...init, body });
  assert.equal(refused.status, 413);
  assert.equal((await refused.json()).error.code, "request_too_large");
  assert.equal(node.forwarded.length, 0);
  const passed = await fetch(apiUrl + CHAT, { ...init, body: body.subarray(0, 64 * MIB) });
  assert.equal(passed.status, 200);
  assert.equal((await passed.bytes()).length, 64 * MIB);
  await stop();
});

Deno.test("An announced body over the limit is refused before it is sent", async () => {
  const { apiUrl, stop } = await setUp();
  using caller = await RawHttp.connect(apiUrl);
  await caller.send([
    `POST ${CHAT} HTTP/1.1`,
    "Host: localhost",
    "Content-Type: application/json",
    `Content-Length: ${64 * MIB + 1}`,
  ]);
  assert.match(await caller.receive(/request_too_large/), /^HTTP\/1.1 413 /);
  await stop();
});

Deno.test("A body without a length is refused once it is over the limit", async () => {
  const { apiUrl, stop } = await setUp();
  const body = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(MIB)),
  });
  const headers = { "content-type": "application/json" };
  const response = await fetch(apiUrl + CHAT, { method: "POST", headers, body });
  assert.equal(response.status, 413);
  await response.body?.cancel();
  await stop();
});

Deno.test("A caller that reads slowly costs no memory", async () => {
  let made = 0;
  const cancelled = Promise.withResolvers<void>();
  const forward = () =>
    new Response(
      new ReadableStream({
        pull: (controller) => {
          made += 64 * 1024;
          controller.enqueue(new Uint8Array(64 * 1024));
        },
        cancel: () => cancelled.resolve(),
      }, { highWaterMark: 0 }),
    );
  const { apiUrl, stop } = await setUp({ warm: [instance("a")], forward });
  const response = await fetch(apiUrl + CHAT, asking({}));
  const reader = response.body!.getReader();
  for (let read = 0; read < 32 * MIB;) {
    read += (await reader.read()).value!.length;
    // The rest is in the sockets' buffers on both sides.
    assert.ok(made - read < 16 * MIB, `${made - read} bytes are held`);
  }
  await reader.cancel();
  await cancelled.promise;
  await stop();
});

Deno.test("A caller that hangs up while it waits aborts the forwarded request", async () => {
  const arrived = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<void>();
  const { node, apiUrl, stop } = await setUp({
    warm: [instance("a")],
    forward: async (_instance, { signal }) => {
      const gone = Promise.withResolvers<void>();
      signal.addEventListener("abort", () => gone.resolve(), { once: true });
      arrived.resolve();
      await gone.promise;
      aborted.resolve();
      throw signal.reason;
    },
  });
  const caller = new AbortController();
  const response = fetch(apiUrl + CHAT, { ...asking({}), signal: caller.signal });
  await arrived.promise;
  caller.abort();
  await assert.rejects(response);
  await aborted.promise;
  assert.equal((await node.recorded()).status, 499);
  await stop();
});

Deno.test("stop() ends event streams at once and cuts answers after the grace", async () => {
  const forward = () =>
    new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode("data: 1\n\n")),
      }),
    );
  const { node, apiUrl, consoleUrl, stop } = await setUp({ warm: [instance("a")], forward });
  const events = new SseReader((await fetch(`${consoleUrl}/api/events`)).body!);
  assert.equal((await events.next()).event, "status");
  const answer = (await fetch(apiUrl + CHAT, asking({}))).body!.getReader();
  await answer.read();
  const stopped = stop();
  assert.equal(await events.block(), null);
  await assert.rejects(answer.read());
  await stopped;
  assert.equal((await node.recorded()).status, 499);
});

Deno.test("a key that is made while the node runs closes the API at once, on both ports, and removed opens it", async () => {
  const saved: number[] = [];
  const made = {
    keys: [],
    save: (keys: readonly unknown[]) => Promise.resolve(void saved.push(keys.length)),
  };
  const { apiUrl, consoleUrl, stop } = await setUp(undefined, undefined, { made });
  const ask = async (url: string, headers: Record<string, string> = {}) => {
    const response = await fetch(url + CHAT, asking({ model: "guide" }, headers));
    await response.body?.cancel();
    return response.status;
  };
  try {
    assert.deepEqual([await ask(apiUrl), await ask(consoleUrl)], [200, 200]);
    const answer = await fetch(`${consoleUrl}/api/keys`, asking({ name: "laptop" }));
    const { name, key } = await answer.json();
    assert.equal(name, "laptop");
    const headers = { authorization: `Bearer ${key}` };
    for (const url of [apiUrl, consoleUrl]) {
      assert.deepEqual([await ask(url), await ask(url, headers)], [401, 200], url);
    }
    const ollama = await fetch(`${apiUrl}/api/tags`);
    assert.equal(ollama.status, 401);
    await ollama.body?.cancel();
    // A page of any origin may ask with the key, as with one of the start.
    const preflight = {
      method: "OPTIONS",
      headers: { origin: "https://a.example", "access-control-request-method": "POST" },
    };
    const allowed = await fetch(apiUrl + CHAT, preflight);
    assert.equal(allowed.headers.get("access-control-allow-origin"), "*");
    const { keyed } = await (await fetch(`${consoleUrl}/api/agents?model=guide`)).json();
    assert.equal(keyed, true);
    const removed = await fetch(`${consoleUrl}/api/keys/laptop`, { method: "DELETE" });
    assert.deepEqual(await removed.json(), { name: "laptop" });
    assert.deepEqual([await ask(apiUrl), await ask(consoleUrl)], [200, 200]);
    assert.deepEqual(saved, [1, 0]);
  } finally {
    await stop();
  }
});

Deno.test("keys are made by those who may manage, and with names that their lists can show", async () => {
  const keys = [
    { ...fullKey("boss", "sk-boss"), manage: true },
    fullKey("ci", "sk-ci"),
    { ...fullKey("part", "sk-part"), manage: true, models: ["guide"] },
  ];
  const { apiUrl, consoleUrl, stop } = await setUp(undefined, undefined, {
    keys,
    adminKey: "admin",
  });
  const make = async (body: unknown, headers: Record<string, string>) => {
    const response = await fetch(`${consoleUrl}/api/keys`, asking(body, headers));
    return [response.status, (await response.json()).error?.code ?? null];
  };
  const as = (key: string) => ({ authorization: `Bearer ${key}` });
  try {
    const table: [unknown, Record<string, string>, unknown[]][] = [
      [{ name: "a" }, {}, [401, "invalid_api_key"]],
      [{ name: "a" }, as("sk-ci"), [403, "not_allowed"]],
      [{ name: "a", models: ["guide"] }, as("sk-part"), [403, "not_allowed"]],
      [{ name: "a" }, { ...as("sk-boss"), origin: "https://a.example" }, [
        403,
        "cross_site_request",
      ]],
      [{ name: "a" }, as("sk-boss"), [200, null]],
      [{ name: "b", models: ["guide"] }, as("admin"), [200, null]],
      [{ name: "b" }, as("admin"), [409, "conflict"]],
      [{ name: "" }, as("admin"), [400, "invalid_body"]],
      [{ name: "a b" }, as("admin"), [400, "invalid_body"]],
      [{ name: "c", manage: true }, as("admin"), [400, "invalid_body"]],
      [{ name: "c", models: ["../x"] }, as("admin"), [400, "invalid_body"]],
      [{}, as("admin"), [400, "invalid_body"]],
    ];
    for (const [body, headers, outcome] of table) {
      assert.deepEqual(await make(body, headers), outcome, JSON.stringify(body));
    }
    const listed = await (await fetch(`${consoleUrl}/api/keys`, { headers: as("sk-boss") })).json();
    assert.deepEqual(listed.keys.map(({ name }: { name: string }) => name), [
      "boss",
      "ci",
      "part",
      "a",
      "b",
    ]);
    const elsewhere = await fetch(`${apiUrl}/api/keys`, asking({ name: "c" }, as("sk-boss")));
    assert.deepEqual([elsewhere.status, (await elsewhere.text()).includes("Nothing answers")], [
      404,
      true,
    ]);
  } finally {
    await stop();
  }
});

Deno.test("the test of the settings asks with the very address, key and model that they have", async () => {
  const model = `it's "odd" $HOME`;
  const keys = [fullKey("ci", `sk-'"$(x)`)];
  const warm = [{ ...instance("a"), model }];
  const { node, consoleUrl, stop } = await setUp({ warm }, { listen: "0.0.0.0" }, { keys });
  const ask = async (body: unknown) =>
    await (await fetch(`${consoleUrl}/api/agents`, asking(body))).json();
  const run = async (line: string) => {
    const { stdout } = await new Deno.Command("sh", { args: ["-c", `${line} -sw ' %{http_code}'`] })
      .output();
    return new TextDecoder().decode(stdout);
  };
  try {
    const { addresses } = await ask({ model });
    for (const { url } of addresses) {
      const { apiUrl, test, agents } = await ask({ model, address: url, apiKey: keys[0]?.key });
      assert.equal(apiUrl, url);
      assert.equal((await ask({ model, address: new URL(url).hostname })).apiUrl, url);
      assert.match(await run(test), / 200$/, test);
      const claude = agents.find(({ id }: { id: string }) => id === "claude");
      assert.match(await run(claude.test), / 200$/);
      assert.ok(agents.every((agent: unknown) => JSON.stringify(agent).includes(url)));
    }
    assert.deepEqual(
      node.forwarded.slice(0, 2).map(({ request }) => [request.path, request.asked]),
      [["/v1/chat/completions", model], ["/v1/messages", model]],
    );
    // With the placeholder it says what is missing.
    assert.match(await run((await ask({ model })).test), /invalid_api_key.* 401$/s);
    const refused = await ask({ model, address: "http://203.0.113.1:9337" });
    assert.match(
      refused.error.message,
      /does not listen at "http:\/\/203\.0\.113\.1:9337": it does/,
    );
    assert.equal((await ask({ apiKey: "a b" })).error.param, "apiKey");
  } finally {
    await stop();
  }
});
