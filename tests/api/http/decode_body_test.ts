import { getLogger } from "@logtape/logtape";
import { Hono } from "hono";
import assert from "node:assert/strict";
import {
  brotliCompressSync,
  createBrotliCompress,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from "node:zlib";
import { AdminDoor } from "../../../src/api/keys/admin_session.ts";
import { KeyBook } from "../../../src/api/keys/key_book.ts";
import { createGateway } from "../../../src/api/mod.ts";
import { codingsOf, decodeBodies } from "../../../src/api/http/decode_body.ts";
import { BODY_LIMIT_BYTES } from "../../../src/api/base/defaults.ts";
import { createManagement } from "../../../src/api/management/management.ts";
import { createApiPort, createConsolePort } from "../../../src/api/ports.ts";
import { FakeNode, instance } from "../fake_node.ts";

const CHAT = "http://localhost/v1/chat/completions";
const TOKENS = "http://localhost/api/tokens";

const ENCODERS: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = {
  gzip: gzipSync,
  "x-gzip": gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
  zstd: zstdCompressSync,
};

function setUp() {
  const logger = getLogger("test");
  const node = new FakeNode({ warm: [instance("a")] });
  const gateway = createGateway(node, { keys: [], logger });
  const management = createManagement(node, {
    door: new AdminDoor({ adminKey: null }),
    signInUrl: () => "",
    logger,
    addresses: () => [],
    keys: new KeyBook({ fixed: [] }),
  });
  const config = { self: "self", own: { bound: "127.0.0.1", names: [] }, logger };
  const ports = [
    createApiPort(gateway, { ...config, keyed: () => false }),
    createConsolePort({ gateway, management, page: null }, config),
  ];
  const ask = async (
    port: number,
    url: string,
    { encoding, body, ...headers }: { encoding: string; body: BodyInit } & Record<string, unknown>,
  ) => {
    const response = await ports[port]!.request(url, {
      method: "POST",
      body,
      headers: {
        host: "localhost",
        "content-type": "application/json",
        "content-encoding": encoding,
        ...headers as Record<string, string>,
      },
    });
    return { status: response.status, body: await response.json(), headers: response.headers };
  };
  return { node, ask };
}

function encode(value: unknown, codings: readonly string[]): Uint8Array<ArrayBuffer> {
  const bytes: Uint8Array = new TextEncoder().encode(JSON.stringify(value));
  return new Uint8Array(codings.reduce((bytes, coding) => ENCODERS[coding]!(bytes), bytes));
}

/** Comes piece by piece, without a length. */
function inPieces(bytes: Uint8Array, size: number): ReadableStream<Uint8Array> {
  let sent = 0;
  return new ReadableStream({
    pull(controller) {
      if (sent >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(sent, sent + size));
      sent += size;
    },
  });
}

Deno.test("A compressed body is read as it was before, at both ports", async () => {
  const { node, ask } = setUp();
  const value = { model: "guide", text: "ü".repeat(50_000) };
  const nested = ["gzip, br", "gzip,gzip", "zstd, deflate, br", "identity, gzip"];
  for (const encoding of [...Object.keys(ENCODERS), "GZIP", ...nested]) {
    const codings = encoding.toLowerCase().split(/, */).filter((name) => name !== "identity");
    const encoded = encode(value, codings);
    for (const port of [0, 1]) {
      for (const body of [encoded, inPieces(encoded, 7)]) {
        const answer = await ask(port, CHAT, { encoding, body: body as BodyInit });
        assert.deepEqual(answer.body, value, encoding);
      }
    }
    const invited = await ask(1, TOKENS, { encoding, body: encode({ role: "client" }, codings) });
    assert.equal(invited.status, 200, encoding);
  }
  const { request } = node.forwarded[0]!;
  assert.equal(request.headers.get("content-encoding"), null);
  assert.deepEqual(node.invites[0], { role: "client" });
});

Deno.test("An encoding that is not known is refused by its name", async () => {
  const { node, ask } = setUp();
  const table: [string, string][] = [
    ["snappy", "snappy"],
    ["gzip, Compress", "compress"],
    ["constructor", "constructor"],
    ["br, br, br, br, br, br", "br, br, br, br, br, br"],
  ];
  for (const [encoding, named] of table) {
    for (const [port, url] of [[0, CHAT], [1, CHAT], [1, TOKENS]] as const) {
      const { status, body, headers } = await ask(port, url, { encoding, body: "{}" });
      assert.equal(status, 415, encoding);
      assert.match(body.error.message, new RegExp(`'${named}'.*gzip, deflate, br, zstd`));
      assert.equal(headers.get("accept-encoding"), "gzip, deflate, br, zstd");
    }
  }
  assert.equal(node.forwarded.length, 0);
});

/** Small, and larger than any limit once it is decoded. */
async function bomb(): Promise<Uint8Array> {
  const chunk = new Uint8Array(1024 * 1024);
  const encoder = createBrotliCompress({ params: { 1: 1 } });
  const zeros = async () => {
    for (let bytes = 0; bytes <= BODY_LIMIT_BYTES; bytes += chunk.length) {
      if (!encoder.write(chunk)) await new Promise((resolve) => encoder.once("drain", resolve));
    }
    encoder.end();
  };
  const writing = zeros();
  const pieces = await Array.fromAsync(encoder);
  await writing;
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

Deno.test("A bomb is refused by its size, whole, in pieces and in layers", async () => {
  const { node, ask } = setUp();
  const small = await bomb();
  assert.ok(small.length < 64 * 1024, `${small.length}`);
  const layered = new Uint8Array(gzipSync(small));
  // Nothing comes out of it: only what lies between its layers is large.
  const hollow = gzipSync(Uint8Array.from(Array(4_000).fill([...gzipSync("")]).flat()));
  for (const [port, url] of [[0, CHAT], [1, CHAT], [1, TOKENS]] as const) {
    const cases: [string, BodyInit][] = [
      ["br", small as BodyInit],
      ["br", inPieces(small, 100) as BodyInit],
      ["br, gzip", layered],
    ];
    for (const [encoding, body] of cases) {
      const { status, body: answer } = await ask(port, url, { encoding, body });
      assert.equal(status, 413, `${url} ${encoding}`);
      assert.match(answer.error.message, /larger than \d+ bytes/);
    }
  }
  const nothing = await ask(0, CHAT, { encoding: "gzip, gzip", body: hollow as BodyInit });
  assert.equal(nothing.status, 400);
  assert.equal(node.forwarded.length, 0);
});

Deno.test("A body that is not what its encoding says is refused with the reason", async () => {
  const { node, ask } = setUp();
  const cut = encode({ model: "guide" }, ["gzip"]).slice(0, 15);
  for (const encoding of ["gzip", "deflate", "br", "zstd"]) {
    for (const body of ['{"model":"guide"}', cut]) {
      for (const [port, url] of [[0, CHAT], [1, TOKENS]] as const) {
        const answer = await ask(port, url, { encoding, body });
        assert.equal(answer.status, 400, `${encoding} ${url}`);
      }
    }
  }
  const { body } = await ask(0, CHAT, { encoding: "gzip", body: "{}" });
  assert.match(body.error.message, /can't be decoded from gzip: /);
  assert.equal(node.forwarded.length, 0);
});

Deno.test("codingsOf() names what has to be undone", () => {
  const table: [string | undefined, readonly string[]][] = [
    [undefined, []],
    ["", []],
    ["identity", []],
    [" GZip , identity,br", ["gzip", "br"]],
  ];
  for (const [header, codings] of table) assert.deepEqual(codingsOf(header), codings);
});

Deno.test("Nothing is read of a compressed body that is refused", async () => {
  const app = new Hono().use(decodeBodies()).post("/refused", (c) => c.text("no", 401));
  let pulls = 0;
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    pulls++;
    controller.enqueue(new Uint8Array(1));
  };
  const body = new ReadableStream({ pull }, { highWaterMark: 0 });
  const headers = { "content-encoding": "gzip" };
  const response = await app.request("/refused", { method: "POST", headers, body });
  assert.equal(await response.text(), "no");
  assert.equal(pulls, 0);
});
