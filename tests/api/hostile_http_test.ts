import fc from "fast-check";
import { getLogger } from "@logtape/logtape";
import assert from "node:assert/strict";
import { createGateway } from "../../src/api/mod.ts";
import { listen } from "../../src/api/http/listen.ts";
import { createApiPort } from "../../src/api/ports.ts";
import { FakeNode, instance } from "./fake_node.ts";
import { RawHttp } from "./raw_http.ts";

const MIB = 1024 * 1024;
const HOST = "Host: localhost";
const POST = ["POST /v1/chat/completions HTTP/1.1", HOST, "content-type: application/json"];
const GET = ["GET /v1/models HTTP/1.1", HOST];

/** How many callers that never finish their request; the number is 10,000. */
const CONNECTIONS = Number(Deno.env.get("MESH_LLM_TEST_CONNECTIONS") ?? 500);

/** The API's port as it listens, with a fake node behind it. */
async function withPort(test: (url: string, node: FakeNode) => Promise<void>): Promise<void> {
  const logger = getLogger("test");
  const node = new FakeNode({ warm: [instance("a")] });
  const gateway = createGateway(node, { keys: [], logger });
  const own = { bound: "127.0.0.1", names: [] };
  const port = createApiPort(gateway, { self: "self", own, logger, keyed: () => false });
  const onError = () => new Response(null, { status: 500 });
  const server = await listen(
    { hostname: "127.0.0.1", port: 0, flag: "--port", onError },
    port.fetch,
  );
  try {
    await test(server.url, node);
  } finally {
    await server.stop(0);
  }
}

async function statusOf(url: string, head: readonly string[], body = ""): Promise<number> {
  using raw = await RawHttp.connect(url);
  // A request that is refused early may be refused before it was sent whole.
  await raw.send(head, body).catch(() => {});
  return Number(/^HTTP\/1\.1 (\d+)/.exec(await raw.receive(/\r\n\r\n/))?.[1]);
}

async function isAlive(url: string): Promise<boolean> {
  const response = await fetch(`${url}/health`);
  return (await response.json()).status === "ok";
}

Deno.test("HTTP that is none gets a 4xx, and the node lives", async () => {
  await withPort(async (url, node) => {
    const table: [string, readonly string[], string, number][] = [
      ["no request line", ["\0\x01 hello"], "", 400],
      ["an unknown version", ["GET / HTTP/9.9", HOST], "", 400],
      ["no Host", ["GET /v1/models HTTP/1.1"], "", 421],
      ["two Hosts", [...GET, "Host: evil.example"], "", 400],
      ["a header without a colon", [...GET, "nonsense"], "", 400],
      ["a name with a space", [...GET, "a b: c"], "", 400],
      ["a folded line", [...GET, "a: b", " c"], "", 400],
      ["a header of 1 MB", [...GET, `x: ${"a".repeat(1e6)}`], "", 400],
      ["500 headers", [...GET, ...Array.from({ length: 500 }, (_, n) => `x${n}: 1`)], "", 400],
      ["a path of 100 KB", [`GET /${"a".repeat(1e5)} HTTP/1.1`, HOST], "", 400],
      ["two lengths", [...POST, "content-length: 2", "content-length: 5"], "{}", 400],
      ["a negative length", [...POST, "content-length: -5"], "{}", 400],
      ["a length that is no number", [...POST, "content-length: 2x"], "{}", 400],
      [
        "a length beside chunks",
        [...POST, "content-length: 2", "transfer-encoding: chunked"],
        "2\r\n{}\r\n0\r\n\r\n",
        400,
      ],
      ["a method that echoes", ["TRACE /v1/models HTTP/1.1", HOST], "", 404],
      ["a URL of another scheme", ["GET ftp://localhost/v1/models HTTP/1.1", HOST], "", 404],
      ["a URL that is none", ["GET http://[/ HTTP/1.1", HOST], "", 404],
      ["a path without a slash", ["GET v1/models HTTP/1.1", HOST], "", 400],
      ["a length that is too short", [...POST, "content-length: 3"], '{"model":"guide"}', 400],
    ];
    for (const [name, head, body, status] of table) {
      assert.equal(await statusOf(url, head, body), status, name);
    }
    assert.ok(await isAlive(url));
    assert.equal(node.forwarded.length, 0);
  });
});

Deno.test("What is malformed behind a request that was answered is told so too", async () => {
  await withPort(async (url) => {
    using raw = await RawHttp.connect(url);
    await raw.send([...GET]);
    await raw.receive(/"list"/);
    await raw.send(["nonsense"]);
    assert.match(await raw.receive(), /HTTP\/1\.1 200 [^]*HTTP\/1\.1 400 [^]*could not be read/);
  });
});

Deno.test("A body that stops short of its length is never forwarded", async () => {
  await withPort(async (url, node) => {
    for (const framing of ["content-length: 500", "transfer-encoding: chunked"]) {
      using raw = await RawHttp.connect(url);
      await raw.send([...POST, framing], framing.startsWith("c") ? '{"model":' : "ffffff\r\n{");
    }
    assert.ok([400, 499].includes((await node.recorded()).status), "it broke off");
    assert.ok(await isAlive(url));
    assert.equal(node.forwarded.length, 0);
  });
});

Deno.test("A body whose chunks are none breaks off, and the node lives", async () => {
  await withPort(async (url, node) => {
    using raw = await RawHttp.connect(url);
    await raw.send([...POST, "transfer-encoding: chunked"], "zz\r\n{}\r\n");
    await raw.receive();
    assert.ok(await isAlive(url));
    assert.equal(node.forwarded.length, 0);
  });
});

Deno.test("Callers that never finish a request cost little memory, and others are answered", async () => {
  await withPort(async (url, node) => {
    const bodies = Math.ceil(CONNECTIONS / 2);
    const ended = Promise.withResolvers<void>();
    let records = 0;
    node.record = () => {
      if (++records === bodies) ended.resolve();
    };
    const before = Deno.memoryUsage().rss;
    const open: RawHttp[] = [];
    try {
      for (let n = 0; n < CONNECTIONS; n++) {
        const raw = await RawHttp.connect(url);
        open.push(raw);
        const isBody = n % 2 === 0;
        const unfinished = isBody ? [...POST, "content-length: 1000", "", "{"] : [GET[0]!, "Hos"];
        await raw.write(new TextEncoder().encode(unfinished.join("\r\n")));
        if (n % 1_000 === 0) assert.ok(await isAlive(url));
      }
      assert.ok(await isAlive(url));
      const perCaller = (Deno.memoryUsage().rss - before) / CONNECTIONS;
      // Both ends are in this process.
      assert.ok(perCaller < MIB / 8, `${Math.round(perCaller / 1024)} KiB a caller`);
    } finally {
      for (const raw of open) raw[Symbol.dispose]();
    }
    await ended.promise;
    assert.ok(await isAlive(url));
  });
});

const RUNS = Number(Deno.env.get("MESH_LLM_FUZZ_RUNS") ?? 150);

Deno.test("Whatever bytes a caller sends, the node lives", async () => {
  const word = fc.oneof(
    fc.constantFrom(
      "GET",
      "POST",
      "HEAD",
      "TRACE",
      "CONNECT",
      "PRI",
      "OPTIONS",
      "PURGE",
      "M-SEARCH",
    ),
    fc.string({ maxLength: 6 }),
  );
  const target = fc.oneof(
    fc.constantFrom(
      "/",
      "*",
      "/v1/models",
      "//",
      "http://localhost/",
      "http://[",
      "/%",
      "a:1",
      "/\\",
    ),
    fc.string({ unit: "binary", maxLength: 12 }),
  );
  const header = fc.tuple(
    fc.constantFrom(
      "host",
      "content-length",
      "transfer-encoding",
      "connection",
      "upgrade",
      "expect",
      "content-encoding",
      "content-type",
      "x-request-id",
      "trailer",
      "te",
      "cookie",
    ),
    fc.oneof(
      fc.constantFrom("localhost", "0", "5", "chunked", "close", "h2c", "100-continue", "gzip, br"),
      fc.string({ unit: "binary-ascii", maxLength: 10 }),
    ),
  ).map(([name, value]) => `${name}: ${value}`);
  const request = fc.tuple(
    word,
    target,
    fc.constantFrom("1.1", "1.0", "2.0"),
    fc.array(header),
    fc.string(),
  )
    .map(([method, path, version, headers, body]) =>
      [`${method} ${path} HTTP/${version}`, ...headers, "", body].join("\r\n")
    );
  await withPort(async (url) => {
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 3 }), async (requests) => {
        using raw = await RawHttp.connect(url);
        await raw.write(new TextEncoder().encode(requests.join(""))).catch(() => {});
        assert.ok(await isAlive(url));
      }),
      { numRuns: RUNS },
    );
  });
});
