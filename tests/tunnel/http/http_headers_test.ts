import assert from "node:assert/strict";
import { copyReplyHeaders, requestHeaders } from "../../../src/tunnel/http/http_headers.ts";

const KEPT = { "content-type": "application/json", "user-agent": "curl", "openai-beta": "x" };

Deno.test("requestHeaders() passes on what llama-server may see, and no credential or address", () => {
  const dropped = {
    authorization: "Bearer k",
    "api-key": "k",
    "x-api-key": "k",
    "proxy-authorization": "k",
    cookie: "a=b",
    host: "localhost:9337",
    origin: "https://elsewhere.example",
    referer: "https://elsewhere.example/page",
    "sec-fetch-site": "cross-site",
    "x-forwarded-for": "10.0.0.1",
    forwarded: "for=10.0.0.1",
    "content-length": "7",
    "transfer-encoding": "chunked",
    "accept-encoding": "br",
    expect: "100-continue",
    te: "trailers",
    upgrade: "h2c",
  };
  assert.deepEqual(
    [...requestHeaders(new Headers({ ...KEPT, ...dropped }))],
    [...new Headers(KEPT)],
  );
});

Deno.test("copyReplyHeaders() keeps an answer's own headers and drops those of its connection", () => {
  const kept = { "content-type": "text/event-stream", "retry-after": "1", "content-length": "7" };
  const dropped = {
    connection: "close",
    "keep-alive": "timeout=5",
    "transfer-encoding": "chunked",
    "access-control-allow-origin": "",
    "access-control-expose-headers": "x",
    "set-cookie": "a=b",
  };
  const copied = new Headers();
  copyReplyHeaders(new Headers({ ...kept, ...dropped }), copied);
  assert.deepEqual([...copied], [...new Headers(kept)]);
});

Deno.test("headers that Connection names are dropped, whatever it names", () => {
  const headers = new Headers({ ...KEPT, "x-once": "1", connection: "X-Once, , not a name" });
  assert.deepEqual([...requestHeaders(headers)], [...new Headers(KEPT)]);
});
