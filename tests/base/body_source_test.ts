import assert from "node:assert/strict";
import { BodyReader } from "../../src/base/body_reader.ts";
import { SourceStream } from "../../src/base/body_source.ts";

function sourceOf(pieces: readonly string[]) {
  const left = [...pieces];
  const cancelled: unknown[] = [];
  const source = {
    read() {
      const piece = left.shift();
      return Promise.resolve(piece === undefined ? null : new TextEncoder().encode(piece));
    },
    cancel: (reason: unknown) => void cancelled.push(reason),
  };
  return { source, left, cancelled };
}

Deno.test("SourceStream is a stream like others, which reads nothing that nobody asks for", async () => {
  const { source, left, cancelled } = sourceOf(["one", "two", "three"]);
  const reader = new SourceStream(source).getReader();
  assert.equal(left.length, 3);
  assert.deepEqual((await reader.read()).value, new TextEncoder().encode("one"));
  assert.equal(left.length, 2);
  await reader.cancel("enough");
  assert.deepEqual(cancelled, ["enough"]);
  const whole = new Response(new SourceStream(sourceOf(["one", "two"]).source));
  assert.equal(await whole.text(), "onetwo");
});

Deno.test("BodyReader reads the source of such a stream itself, also out of a Response, and nobody else does then", async () => {
  const { source, cancelled } = sourceOf(["one", "two"]);
  const { body } = new Response(new SourceStream(source));
  assert.ok(body instanceof SourceStream);
  const reader = new BodyReader(body);
  assert.throws(() => body.getReader(), TypeError);
  assert.equal(new TextDecoder().decode(await reader.read() ?? undefined), "one");
  reader.fail(new Error("it is frozen"));
  assert.equal(cancelled.length, 1);
  await assert.rejects(reader.read(), /it is frozen/);
});

Deno.test("BodyReader asks no source past its end, nor one that broke off", async () => {
  const outcomes = [() => new Uint8Array(1), () => null, () => assert.fail("asked past its end")];
  const whole = new BodyReader(
    new SourceStream({ read: async () => await outcomes.shift()!(), cancel: () => {} }),
  );
  assert.deepEqual(
    [await whole.read(), await whole.read(), await whole.read()],
    [new Uint8Array(1), null, null],
  );
  const reasons = ["the first", "the second"];
  const broken = new BodyReader(
    new SourceStream({ read: () => Promise.reject(reasons.shift()), cancel: () => {} }),
  );
  for (const _ of "12") await assert.rejects(broken.read(), (error) => error === "the first");
});
