import assert from "node:assert/strict";
import { PeerRequests } from "../../../src/node/ends/peer_requests.ts";
import type { InferenceRequest } from "../../../src/tunnel/mod.ts";

function request(body: InferenceRequest["body"], changes: Partial<InferenceRequest> = {}) {
  return {
    method: "POST",
    path: "/v1/chat/completions",
    headers: new Headers({ "content-type": "application/json" }),
    body,
    signal: new AbortController().signal,
    ...changes,
  };
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function pieces(...parts: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  return ReadableStream.from(parts);
}

async function refusal(asked: InferenceRequest): Promise<string> {
  const checked = await new PeerRequests().check(asked);
  assert.ok(checked instanceof Response);
  const { error } = await checked.json();
  return `${checked.status} ${error.code}`;
}

Deno.test("PeerRequests passes on what a gateway would, with its body whole and its headers known", async () => {
  const body = '{"model": "guide", "messages": []}';
  for (const form of [bytes(body), pieces(bytes(body.slice(0, 9)), bytes(body.slice(9)))]) {
    const headers = new Headers({ "content-type": "application/json", "x-evil": "1" });
    const checked = await new PeerRequests().check(request(form, { headers }));
    assert.ok(!(checked instanceof Response));
    assert.equal(new TextDecoder().decode(checked.body as Uint8Array), body);
    assert.equal(checked.headers.get("x-evil"), null);
  }
});

const cases: [what: string, asked: () => InferenceRequest, answer: string][] = [
  [
    "JSON that is nested deeply",
    () => request(bytes("[".repeat(500_000) + "]".repeat(500_000))),
    "400 invalid_body",
  ],
  ["what is no JSON", () => request(bytes("hello")), "400 invalid_body"],
  [
    "what says that it is none",
    () => request(bytes("{}"), { headers: new Headers() }),
    "415 unsupported_media_type",
  ],
  [
    "a grammar that is nested deeply",
    () => request(bytes(JSON.stringify({ grammar: "(".repeat(20_000) }))),
    "400 invalid_body",
  ],
  [
    "an address of a picture",
    () =>
      request(bytes(JSON.stringify({
        messages: [{ content: [{ type: "image_url", image_url: { url: "http://127.0.0.1/" } }] }],
      }))),
    "400 invalid_body",
  ],
  [
    "a body over the limit, before it is whole",
    () => request(ReadableStream.from(endless())),
    "413 request_too_large",
  ],
];

function* endless(): Generator<Uint8Array> {
  for (;;) yield new Uint8Array(1024 * 1024);
}

for (const [what, asked, answer] of cases) {
  Deno.test(`PeerRequests refuses ${what}`, async () => {
    assert.equal(await refusal(asked()), answer);
  });
}
