import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { requestOf, wholeRequest } from "../../../src/api/http/node_request.ts";
import { serving } from "./own_server.ts";

const PARTS = { signal: new AbortController().signal, wanted: () => {} };

// A handler that first asks which user a connection belongs to reads the body only then: it was waited for to its end
// for ever.
Deno.test("a body that has come whole before it is read is read to its end", async () => {
  await using server = await serving(async (incoming, outgoing) => {
    const request = requestOf(incoming, PARTS);
    while (!incoming.complete) await setImmediate();
    outgoing.end(await request.text());
  });
  const signal = AbortSignal.timeout(5_000);
  for (const body of ["", "small", "x".repeat(50_000)]) {
    const answer = await fetch(server.url, { method: "POST", body, signal });
    assert.equal(await answer.text(), body);
  }
});

const READERS = ["text", "json", "bytes", "arrayBuffer", "blob", "formData"] as const;

Deno.test("a handler finds in it what it would find in a Request", async () => {
  await using server = await serving(async (incoming, outgoing) => {
    outgoing.end(JSON.stringify(await seen(requestOf(incoming, PARTS))));
  });
  const form = new FormData();
  form.set("name", "guide");
  for (const reader of READERS) {
    const body = reader === "formData" ? form : '{"model":"guide"}';
    const asked = new Request(`${server.url}/a/../b%20c?d=e`, { method: "PUT", body });
    asked.headers.set("x-reader", reader);
    const answer = await fetch(asked.clone());
    assert.deepEqual(await answer.json(), await seen(asked), reader);
  }
});

Deno.test("another request can be made of it, of a body whose length nobody has told too", async () => {
  await using server = await serving(async (incoming, outgoing) => {
    const whole = wholeRequest(requestOf(incoming, PARTS));
    const { method, url, headers } = whole;
    const copy = new Request(whole, { body: await whole.bytes() });
    outgoing.end(JSON.stringify([method, url, headers.get("x-a"), await copy.text()]));
  });
  const url = `${server.url}/api/keys`;
  const body = ReadableStream.from([new TextEncoder().encode("guide")]);
  const answer = await fetch(url, { method: "DELETE", headers: { "x-a": "b" }, body });
  assert.deepEqual(await answer.json(), ["DELETE", url, "b", "guide"]);
});

Deno.test("what has no body reads as nothing", async () => {
  await using server = await serving(async (incoming, outgoing) => {
    const request = requestOf(incoming, PARTS);
    outgoing.end(JSON.stringify([request.body, await request.text(), request.bodyUsed]));
  });
  const answer = await fetch(server.url);
  assert.deepEqual(await answer.json(), [null, "", false]);
});

async function seen(request: Request): Promise<object> {
  const { method, url, headers } = request;
  const reader = headers.get("x-reader") as typeof READERS[number];
  const before = request.bodyUsed;
  const body = await read(request, reader);
  const type = headers.get("content-type");
  return { method, url, type, reader, body, bodyUsed: [before, request.bodyUsed] };
}

async function read(request: Request, reader: typeof READERS[number]): Promise<unknown> {
  const body = await request[reader]();
  if (body instanceof Blob) return await body.text();
  if (body instanceof FormData) return [...body];
  if (typeof body === "string" || !(body instanceof Object)) return body;
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) {
    return new TextDecoder().decode(body as Uint8Array);
  }
  return body;
}
