import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { ASKER, endless, HOST, HttpLine, PlayedLine } from "../http_line.ts";
import { pattern, readToEnd } from "../tcp_pair.ts";

Deno.test("a request crosses with its path, query, body and headers, and the answer with its own", async () => {
  let seen: { method: string; url: URL; headers: Headers; body: string } | undefined;
  await using played = await PlayedLine.open(async (request) => {
    const { method, url, headers } = request;
    seen = { method, url: new URL(url), headers, body: await request.text() };
    return new Response("answered", { status: 418, headers: { "x-from": "llama" } });
  });
  const answer = await played.ask({
    path: "/v1/chat/completions?timings=1",
    headers: { "content-type": "application/json", "anthropic-version": "2023-06-01" },
    body: '{"model":"guide"}',
  });
  assert.equal(answer.status, 418);
  assert.equal(answer.headers.get("x-from"), "llama");
  assert.equal(await answer.text(), "answered");
  assert.equal(seen?.method, "POST");
  assert.equal(seen.url.pathname + seen.url.search, "/v1/chat/completions?timings=1");
  assert.equal(seen.headers.get("content-type"), "application/json");
  assert.equal(seen.headers.get("anthropic-version"), "2023-06-01");
  assert.equal(seen.body, '{"model":"guide"}');
});

Deno.test("neither the caller's credentials reach llama-server nor its connection headers the caller", async () => {
  let seen = new Headers();
  await using played = await PlayedLine.open((request) => {
    seen = request.headers;
    return new Response("ok", {
      headers: { "access-control-allow-origin": "*", "keep-alive": "timeout=5", "x-kept": "1" },
    });
  });
  const answer = await played.ask({
    headers: {
      authorization: "Bearer callers-key",
      "x-api-key": "callers-key",
      cookie: "a=b",
      connection: "x-once",
      "x-once": "1",
      origin: "https://elsewhere.example",
      "x-forwarded-for": "10.0.0.1",
    },
  });
  await answer.text();
  assert.equal(seen.get("authorization"), "Bearer llama-key");
  assert.equal(seen.get("accept-encoding"), "identity");
  for (const name of ["x-api-key", "cookie", "x-once", "origin", "x-forwarded-for"]) {
    assert.equal(seen.get(name), null, name);
  }
  assert.equal(answer.headers.get("access-control-allow-origin"), null);
  assert.equal(answer.headers.get("keep-alive"), null);
  assert.equal(answer.headers.get("x-kept"), "1");
});

Deno.test("the head of events crosses before there is any of them", async () => {
  const events = new TransformStream<Uint8Array, Uint8Array>();
  await using played = await PlayedLine.open(() =>
    new Response(events.readable, { headers: { "content-type": "text/event-stream" } })
  );
  const answer = await played.ask();
  assert.equal(answer.headers.get("content-type"), "text/event-stream");
  const writer = events.writable.getWriter();
  const [text] = await Promise.all([
    answer.text(),
    writer.write(new TextEncoder().encode("data: 1\n\n")).then(() => writer.close()),
  ]);
  assert.equal(text, "data: 1\n\n");
});

Deno.test("large bodies cross both ways byte for byte", async () => {
  await using played = await PlayedLine.open((request) => new Response(request.body));
  const body = pattern(20_000_000);
  const answer = await played.ask({ body });
  assert.ok(Buffer.from(body).equals(await answer.bytes()));
  assert.equal(await played.line.openStreams(), 0);
});

Deno.test("an answer without a body has none", async () => {
  await using played = await PlayedLine.open(() => new Response(null, { status: 204 }));
  const answer = await played.ask();
  assert.equal(answer.status, 204);
  assert.equal(answer.body, null);
  assert.equal(await played.line.openStreams(), 0);
});

Deno.test("an answer that comes before the whole request is whole", async () => {
  await using played = await PlayedLine.open(() => new Response("no, thank you", { status: 400 }));
  const answer = await played.ask({ body: pattern(30_000_000) });
  assert.equal(answer.status, 400);
  assert.equal(await answer.text(), "no, thank you");
  assert.equal(await played.line.openStreams(), 0);
});

Deno.test("cancelling the answer's body hangs up on llama-server", async () => {
  const cancelled = Promise.withResolvers<void>();
  await using played = await PlayedLine.open(() => new Response(endless(cancelled.resolve).body));
  const answer = await played.ask();
  const reader = answer.body?.getReader();
  await reader?.read();
  await reader?.cancel();
  await cancelled.promise;
  assert.equal(await played.line.openStreams(), 0);
});

/** The whole of a request: llama-server would be thinking now. */
async function readRequest(conn: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(65_536);
  let request = "";
  // The body of `requestOf`, sent with its length.
  while (!request.endsWith("\r\n\r\n{}")) {
    const length = await conn.read(buffer);
    if (length === null) throw new Error(`The request broke off: ${request}`);
    request += new TextDecoder().decode(buffer.subarray(0, length));
  }
}

Deno.test("the caller's signal hangs up on llama-server before its answer begins", async () => {
  using llama = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const baseUrl = `http://127.0.0.1:${llama.addr.port}`;
  await using line = await HttpLine.open(() => ({ baseUrl, apiKey: null }));
  const caller = new AbortController();
  const asking = assert.rejects(line.ask({ signal: caller.signal }), /changed my mind/);
  using conn = await llama.accept();
  await readRequest(conn);
  caller.abort(new Error("I changed my mind"));
  await asking;
  await readToEnd(conn).catch(() => "reset");
  assert.equal(await line.openStreams(), 0);
});

Deno.test("the caller's signal hangs up on llama-server within its answer", async () => {
  const cancelled = Promise.withResolvers<void>();
  await using played = await PlayedLine.open(() => new Response(endless(cancelled.resolve).body));
  const caller = new AbortController();
  const answer = await played.ask({ signal: caller.signal });
  const reading = assert.rejects(answer.bytes(), /changed my mind/);
  caller.abort(new Error("I changed my mind"));
  await reading;
  await cancelled.promise;
  assert.equal(await played.line.openStreams(), 0);
});

/** Deno's fetch forgets the signal of one in thirty, once the head has come. */
Deno.test("callers that hang up in an answer's silence all hang up on llama-server", async () => {
  let cancelled = () => {};
  await using played = await PlayedLine.open(() => {
    const body = new ReadableStream({ cancel: () => cancelled() });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  });
  for (let round = 0; round < 200; round++) {
    const gone = Promise.withResolvers<void>();
    cancelled = gone.resolve;
    const caller = new AbortController();
    await played.ask({ signal: caller.signal });
    caller.abort(new Error("I changed my mind"));
    await gone.promise;
  }
  assert.equal(await played.line.openStreams(), 0);
});

Deno.test("a slow reader holds llama-server back instead of filling memory", async () => {
  const source = endless(() => {});
  await using slow = await PlayedLine.open(() => new Response(source.body));
  await using fast = await PlayedLine.open((request) => new Response(request.body));
  const answer = await slow.ask();
  const reader = answer.body?.getReader();
  await reader?.read();
  // While nobody reads, another line moves 30 MB: time enough for the source to fill memory.
  for (let round = 0; round < 2; round++) {
    await (await fast.ask({ body: pattern(15_000_000) })).bytes();
  }
  assert.ok(source.sent() < 30_000_000, `${source.sent()} bytes were taken from llama-server`);
  await reader?.cancel();
});

Deno.test("200 requests one after the other leave no stream behind, and every byte is counted", async () => {
  await using played = await PlayedLine.open((request) => new Response(request.body));
  for (let i = 0; i < 200; i++) {
    const answer = await played.ask({ body: `request ${i}` });
    assert.equal(await answer.text(), `request ${i}`);
  }
  assert.equal(await played.line.openStreams(), 0);
  const [asking, answering] = played.line.counts.snapshot();
  assert.deepEqual([asking?.peer, answering?.peer], [HOST, ASKER]);
  assert.equal(asking?.bytesSent, answering?.bytesReceived);
  assert.equal(asking?.bytesReceived, answering?.bytesSent);
});
