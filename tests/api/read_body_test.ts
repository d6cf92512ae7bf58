import assert from "node:assert/strict";
import { RefusedError } from "../../src/api/openai_errors.ts";
import { readBody } from "../../src/api/read_body.ts";

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
  const body = await readBody(post(streamOf(() => chunks.shift() ?? null)), 4);
  assert.deepEqual([...body], [1, 2, 3, 4]);
  assert.deepEqual([...await readBody(new Request(URL), 4)], []);
});

Deno.test("readBody() refuses an announced length without reading", async () => {
  let pulls = 0;
  const body = new ReadableStream({ pull: () => void pulls++ }, { highWaterMark: 0 });
  const request = post(body, { "content-length": "5" });
  await assert.rejects(readBody(request, 4), RefusedError);
  assert.equal(pulls, 0);
});

Deno.test("readBody() stops reading a body that turns out too large", async () => {
  let cancelled = false;
  const endless = streamOf(() => new Uint8Array(3), () => cancelled = true);
  await assert.rejects(
    readBody(post(endless), 4),
    (error) => error instanceof RefusedError && error.refusal.kind === "body-too-large",
  );
  assert.ok(cancelled);
});

Deno.test("readBody() counts what comes, whatever length was announced", async () => {
  const endless = streamOf(() => new Uint8Array(3));
  await assert.rejects(readBody(post(endless, { "content-length": "2" }), 4), RefusedError);
});

Deno.test("readBody() says that a body broke off", async () => {
  const broken = streamOf(() => {
    throw new Error("connection reset");
  });
  await assert.rejects(
    readBody(post(broken), 4),
    (error) => error instanceof RefusedError && error.refusal.kind === "bad-body",
  );
});
