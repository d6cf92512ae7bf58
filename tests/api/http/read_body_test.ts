import fc from "fast-check";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { BodyBudget } from "../../../src/api/http/body_budget.ts";
import { BODY_READ_BYTES } from "../../../src/api/base/defaults.ts";
import { type Body, IncomingBody } from "../../../src/api/http/incoming_body.ts";
import { RefusedError } from "../../../src/api/http/openai_errors.ts";
import { listen } from "../../../src/api/http/listen.ts";
import { bodyOf, requestOf } from "../../../src/api/http/node_request.ts";
import { readBody } from "../../../src/api/http/read_body.ts";
import { RawHttp } from "../raw_http.ts";
import { serving } from "./own_server.ts";

const URL = "http://localhost/";

function streamOf(
  next: () => Uint8Array | null,
  cancel: () => void = () => {},
): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(controller) {
      const chunk = next();
      if (chunk === null) controller.close();
      else controller.enqueue(chunk);
    },
    cancel,
  });
}

function post(body: ReadableStream<Uint8Array>, headers: HeadersInit = {}): Request {
  return new Request(URL, { method: "POST", body: body as BodyInit, headers });
}

Deno.test("readBody() joins the chunks of a body", async () => {
  const chunks = [[1], [2, 3], [4]].map((bytes) => new Uint8Array(bytes));
  const body = await readBody(post(streamOf(() => chunks.shift() ?? null)), {
    limitBytes: 4,
    budget: new BodyBudget(100),
  });
  assert.deepEqual([...body], [1, 2, 3, 4]);
  assert.deepEqual([
    ...await readBody(new Request(URL), { limitBytes: 4, budget: new BodyBudget(100) }),
  ], []);
});

Deno.test("readBody() refuses an announced length without reading", async () => {
  let pulls = 0;
  const body = new ReadableStream({ pull: () => void pulls++ }, { highWaterMark: 0 });
  const request = post(body, { "content-length": "5" });
  await assert.rejects(
    readBody(request, { limitBytes: 4, budget: new BodyBudget(100) }),
    RefusedError,
  );
  assert.equal(pulls, 0);
});

Deno.test("readBody() stops reading a body that turns out too large", async () => {
  let cancelled = false;
  const endless = streamOf(() => new Uint8Array(3), () => cancelled = true);
  await assert.rejects(
    readBody(post(endless), { limitBytes: 4, budget: new BodyBudget(100) }),
    (error) => error instanceof RefusedError && error.refusal.kind === "body-too-large",
  );
  assert.ok(cancelled);
});

Deno.test("readBody() counts what comes, whatever length was announced", async () => {
  const endless = streamOf(() => new Uint8Array(3));
  await assert.rejects(
    readBody(post(endless, { "content-length": "2" }), {
      limitBytes: 4,
      budget: new BodyBudget(100),
    }),
    RefusedError,
  );
});

Deno.test("readBody() says that a body broke off", async () => {
  const broken = streamOf(() => {
    throw new Error("connection reset");
  });
  await assert.rejects(
    readBody(post(broken), { limitBytes: 4, budget: new BodyBudget(100) }),
    (error) => error instanceof RefusedError && error.refusal.kind === "bad-body",
  );
});

Deno.test("readBody() gives a sender up that is silent for too long, and what it holds", async () => {
  let cancelled = false;
  const silent = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new Uint8Array(1)),
    cancel: () => void (cancelled = true),
  });
  const budget = new BodyBudget(100);
  await assert.rejects(
    readBody(post(silent), { limitBytes: 4, idleMs: 1, budget }),
    (error) => error instanceof RefusedError && error.refusal.kind === "slow-body",
  );
  assert.ok(cancelled);
  assert.ok(budget.take(100), "nothing stays taken");
});

Deno.test("readBody() refuses what all bodies together are too much for, and gives back what it took", async () => {
  const budget = new BodyBudget(5);
  const options = { limitBytes: 4, budget };
  const sent = (bytes: number) => {
    const chunks = [new Uint8Array(bytes)];
    return post(streamOf(() => chunks.shift() ?? null));
  };
  let stop = () => {};
  const unfinished = new ReadableStream<Uint8Array>({
    start: (controller) => {
      controller.enqueue(new Uint8Array(3));
      stop = () => controller.error(new Error("gone"));
    },
  });
  const first = readBody(post(unfinished), options);
  assert.equal((await readBody(sent(2), options)).length, 2);
  await assert.rejects(
    readBody(sent(3), options),
    (error) => error instanceof RefusedError && error.refusal.kind === "overloaded",
  );
  stop();
  await assert.rejects(first, RefusedError);
  assert.equal((await readBody(sent(4), options)).length, 4);
  assert.ok(budget.take(5), "nothing stays taken");
});

Deno.test("readBody() gives the same bytes however they come from a socket", async () => {
  await using server = await serving(async (incoming, outgoing) => {
    const request = requestOf(incoming, { signal: new AbortController().signal, wanted: () => {} });
    const { headers } = request;
    const body = WAYS[headers.get("x-way") ?? ""]!(request);
    const options = { limitBytes: 1e6, budget: new BodyBudget(1e6) };
    outgoing.end(await readBody({ headers, body }, options));
  });
  const small = fc.uint8Array({ minLength: 1, maxLength: 50 });
  const large = fc.integer({ min: 1, max: 2 * BODY_READ_BYTES })
    .map((size) => new Uint8Array(size).fill(size));
  const pieces = fc.oneof(
    fc.array(small, { maxLength: 20 }),
    fc.array(fc.oneof(small, large), { maxLength: 5 }),
  );
  await fc.assert(fc.asyncProperty(pieces, fc.boolean(), async (pieces, isAnnounced) => {
    const whole = Buffer.concat(pieces);
    for (const way of Object.keys(WAYS)) {
      const body = isAnnounced ? new Blob(pieces) : ReadableStream.from(pieces);
      const answer = await fetch(server.url, { method: "POST", headers: { "x-way": way }, body });
      assert.ok(whole.equals(await answer.bytes()), way);
    }
  }));
});

/** How a handler comes to the body of its request. */
const WAYS: Readonly<Record<string, (request: Request) => Body>> = {
  "as a stream": ({ body }) => body,
  "the soonest": bodyOf,
};

/** The result of a request that a real server has made of these bytes. */
async function served(
  send: (raw: RawHttp) => Promise<unknown>,
  { idleMs = 60_000, hangsUp = false, way = bodyOf } = {},
): Promise<PromiseSettledResult<Uint8Array>> {
  const { promise, resolve } = Promise.withResolvers<PromiseSettledResult<Uint8Array>>();
  const options = { limitBytes: 100, idleMs, budget: new BodyBudget(1_000) };
  const onError = () => new Response(null, { status: 500 });
  const address = { hostname: "127.0.0.1", port: 0, flag: "--port", onError };
  const server = await listen(address, async (request) => {
    const { headers } = request;
    const reading = readBody({ headers, body: way(request) }, options);
    const [outcome] = await Promise.allSettled([reading]);
    resolve(outcome!);
    return new Response();
  });
  try {
    {
      using raw = await RawHttp.connect(server.url);
      await send(raw);
      if (!hangsUp) await promise;
    }
    return await promise;
  } finally {
    await server.stop(0);
  }
}

const POST = ["POST / HTTP/1.1", "host: localhost"];

function refusalOf(outcome: PromiseSettledResult<Uint8Array>): string | undefined {
  if (outcome.status === "fulfilled" || !(outcome.reason instanceof RefusedError)) return undefined;
  return outcome.reason.refusal.kind;
}

Deno.test("readBody() holds no more memory than the body of a request has", async () => {
  const outcome = await served((raw) => raw.send([...POST, "content-length: 5"], "small"));
  assert.ok(outcome.status === "fulfilled");
  assert.equal(new TextDecoder().decode(outcome.value), "small");
  assert.equal(outcome.value.buffer.byteLength, 5);
});

Deno.test("readBody() gives up who is too slow with a body, before its end", async () => {
  for (const [name, way] of Object.entries(WAYS)) {
    const outcome = await served((raw) => raw.send([...POST, "content-length: 5"], "sm"), {
      idleMs: 1,
      way,
    });
    assert.equal(refusalOf(outcome), "slow-body", name);
  }
});

Deno.test("readBody() says that a small body broke off", async () => {
  for (const [name, way] of Object.entries(WAYS)) {
    const outcome = await served((raw) => raw.send([...POST, "content-length: 5"], "sm"), {
      hangsUp: true,
      way,
    });
    assert.equal(refusalOf(outcome), "bad-body", name);
  }
});

Deno.test("a body that nobody wants any more ends a read that waits for it", async () => {
  const { promise: ended, resolve } = Promise.withResolvers<string>();
  await using server = await serving(async (incoming, outgoing) => {
    const body = bodyOf(
      requestOf(incoming, { signal: new AbortController().signal, wanted: () => {} }),
    );
    assert.ok(body instanceof IncomingBody);
    const reading = body.read(new Uint8Array(10));
    body.cancel();
    resolve(await reading.then(() => "read", ({ message }: Error) => message));
    outgoing.end();
  });
  using raw = await RawHttp.connect(server.url);
  await raw.send([...POST, "content-length: 5"]);
  assert.match(await ended, /not wanted/);
});
