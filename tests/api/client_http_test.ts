/** HTTP as clients in the field speak it, at both ports as they listen. */

import { getLogger } from "@logtape/logtape";
import assert from "node:assert/strict";
import { API_DEFAULTS } from "../../src/api/config.ts";
import { serveApi } from "../../src/api/mod.ts";
import { FakeNode, type Forward, instance } from "./fake_node.ts";
import { RawHttp } from "./raw_http.ts";

const CHAT = "/v1/chat/completions";
const UPGRADE = ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"];

async function withPorts(
  test: (urls: readonly string[], node: FakeNode) => Promise<void>,
  forward?: Forward,
): Promise<void> {
  const node = new FakeNode({ warm: [instance("a")], ...(forward ? { forward } : {}) });
  const servers = await serveApi(node, {
    config: { ...API_DEFAULTS, port: 0, consolePort: 0 },
    names: [],
    keys: [],
    adminKey: null,
    logger: getLogger("test"),
    assets: null,
  });
  try {
    await test([servers.apiUrl, servers.consoleUrl], node);
  } finally {
    await servers.stop();
  }
}

function headOf(method: string, path: string, more: readonly string[] = []): readonly string[] {
  return [`${method} ${path} HTTP/1.1`, "Host: localhost", ...more];
}

/** A body of JSON that has this size, and what says so. */
function chat(size: number, more: object = {}): { body: string; headers: string[] } {
  const empty = JSON.stringify({ model: "guide", pad: "", ...more });
  const body = empty.replace('"pad":""', `"pad":"${"a".repeat(Math.max(0, size - empty.length))}"`);
  const headers = ["content-type: application/json", `content-length: ${body.length}`];
  return { body, headers };
}

/** So many answers, of one status each, on one connection. */
function answers(statuses: readonly number[]): RegExp {
  return new RegExp(statuses.map((status) => `HTTP/1\\.1 ${status} [^]*`).join(""));
}

// As `curl --http2 -d` and Java's HttpClient send it.
Deno.test("An offer of HTTP/2 is passed over, whatever the body, on new and on kept connections", async () => {
  const measure: Forward = (_, { body }) => Response.json({ bytes: body?.length ?? 0 });
  await withPorts(async (urls) => {
    for (const url of urls) {
      for (const size of [0, 400, 600, 70_000, 2_000_000]) {
        using raw = await RawHttp.connect(url);
        const { body, headers } = chat(size);
        for (let n = 1; n <= 3; n++) {
          await raw.send(headOf("POST", CHAT, [...UPGRADE, ...headers]), body);
          const answer = `HTTP/1\\.1 200 [^]*"bytes":${body.length}\\}[^]*`;
          const all = new RegExp(`^(${answer}){${n}}`);
          assert.match(await raw.receive(new RegExp(`("bytes"[^]*){${n}}`)), all, `${url} ${size}`);
        }
        await raw.send(headOf("GET", "/v1/models", UPGRADE));
        assert.match(await raw.receive(/"data":/), answers([200, 200, 200, 200]));
      }
    }
  }, measure);
});

Deno.test("An offer of HTTP/2 changes nothing, whatever the method", async () => {
  await withPorts(async ([url]) => {
    const table = [
      ["GET", "/health", 200],
      ["HEAD", "/health", 200],
      ["OPTIONS", CHAT, 204],
      ["PUT", CHAT, 404],
      ["PATCH", CHAT, 404],
      ["DELETE", CHAT, 404],
    ] as const;
    const { body } = chat(800);
    for (const [method, path, status] of table) {
      for (const offer of [UPGRADE, ["Connection: Upgrade", "Upgrade: websocket"]]) {
        for (const sent of method === "HEAD" ? [""] : ["", body]) {
          using raw = await RawHttp.connect(url!);
          await raw.send(headOf(method, path, [...offer, `content-length: ${sent.length}`]), sent);
          await raw.receive(/\r\n\r\n/);
          await raw.send(headOf("GET", "/health"));
          const text = await raw.receive(answers([status, 200]));
          assert.match(text, answers([status, 200]), `${method} ${offer} ${sent.length}`);
        }
      }
    }
  });
});

Deno.test("Chunks beside an offer of HTTP/2 are read as chunks", async () => {
  await withPorts(async ([url], node) => {
    using raw = await RawHttp.connect(url!);
    const head = headOf("POST", CHAT, [...UPGRADE, "content-type: application/json"]);
    await raw.send([...head, "transfer-encoding: chunked"], "2\r\n{}\r\n0\r\n\r\n");
    assert.match(await raw.receive(/\{\}/), answers([200]));
    assert.equal(node.forwarded[0]!.request.body?.length, 2);
  });
});

Deno.test("HTTP/2 without an offer is refused as a connection, with nothing that looks like HTTP/1", async () => {
  await withPorts(async (urls, node) => {
    for (const url of urls) {
      using raw = await RawHttp.connect(url);
      await raw.send(["PRI * HTTP/2.0", "", "SM"], "\0\0\0\x04\0\0\0\0\0");
      assert.equal(await raw.receive(), "");
      assert.equal(
        (await (await fetch(`${url}/health`).catch(() => null))?.text()) === null,
        false,
      );
    }
    assert.equal(node.forwarded.length, 0);
  });
});

// Deno's own server hung up on every second request of half a KiB and more.
Deno.test("A kept connection takes one request after another behind streamed answers", async () => {
  const event = `data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n`;
  const forward = () => {
    const body = new Blob([event.repeat(20), "data: [DONE]\n\n"]).stream();
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  };
  await withPorts(async (urls) => {
    for (const size of [100, 600, 70_000]) {
      for (const url of urls) {
        using raw = await RawHttp.connect(url);
        const { body, headers } = chat(size, { stream: true });
        for (let n = 1; n <= 5; n++) {
          await raw.send(headOf("POST", CHAT, headers), body);
          const text = await raw.receive(
            new RegExp(`(\\[DONE\\][^]*\\r\\n0\\r\\n\\r\\n[^]*){${n}}`),
          );
          assert.equal(text.split("[DONE]").length - 1, n, `${url} ${size}`);
        }
      }
    }
  }, forward);
});

Deno.test("A body that its sender asks leave for is sent once it is wanted, and never where it is too large", async () => {
  await withPorts(async ([url]) => {
    const { body, headers } = chat(3_000);
    using raw = await RawHttp.connect(url!);
    await raw.send(headOf("POST", CHAT, [...headers, "Expect: 100-continue"]));
    assert.match(await raw.receive(/Continue\r\n\r\n/), /^HTTP\/1\.1 100 Continue/);
    await raw.write(new TextEncoder().encode(body));
    assert.match(await raw.receive(/"pad":"a*"\}/), answers([100, 200]));
    using large = await RawHttp.connect(url!);
    const length = `content-length: ${2 ** 40}`;
    await large.send(headOf("POST", CHAT, [headers[0]!, length, "Expect: 100-continue"]));
    assert.match(await large.receive(/larger than/), /^HTTP\/1\.1 413 /);
  });
});

Deno.test("HEAD says nothing of a length that its GET would not have", async () => {
  await withPorts(async (urls) => {
    for (const url of urls) {
      for (const path of ["/v1/models", "/api/status"]) {
        using raw = await RawHttp.connect(url);
        await raw.send(headOf("HEAD", path));
        assert.doesNotMatch(await raw.receive(/\r\n\r\n/), /content-length: 0/i, path);
      }
    }
  });
});

Deno.test("What is HTTP and may be read in two ways is refused", async () => {
  await withPorts(async ([url], node) => {
    const chunks = "2\r\n{}\r\n0\r\n\r\n";
    const json = "content-type: application/json";
    const table: [string, readonly string[], string][] = [
      ["two codings", headOf("POST", CHAT, [json, "transfer-encoding: gzip, chunked"]), chunks],
      ["chunks twice", headOf("POST", CHAT, [json, "transfer-encoding: chunked, chunked"]), chunks],
      [
        "two headers",
        headOf("POST", CHAT, [
          json,
          "transfer-encoding: chunked",
          "transfer-encoding: identity",
        ]),
        chunks,
      ],
      ["an old version", [`POST ${CHAT} HTTP/1.0`, json, "transfer-encoding: chunked"], chunks],
      ["lines without CR", [`POST ${CHAT} HTTP/1.1\nHost: localhost\ncontent-length: 2`], "{}"],
    ];
    for (const [name, head, body] of table) {
      using raw = await RawHttp.connect(url!);
      await raw.send(head, body);
      assert.match(await raw.receive(), /^HTTP\/1\.1 400 [^]*"error":\{"message"/, name);
    }
    assert.equal(node.forwarded.length, 0);
  });
});
