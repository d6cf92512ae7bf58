import assert from "node:assert/strict";
import { OUTPUT_READ_BYTES } from "../../../src/engine/base/defaults.ts";
import { OutputPump } from "../../../src/engine/output/output_pump.ts";

/** A pump whose pauses end when the test says so. */
function setUp() {
  let controller!: ReadableByteStreamController;
  const stream = new ReadableStream({ type: "bytes", start: (own) => void (controller = own) });
  const pieces: string[] = [];
  let paused = Promise.withResolvers<() => void>();
  const pump = new OutputPump(
    stream,
    (bytes) => void pieces.push(new TextDecoder().decode(bytes)),
    (signal) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      signal.addEventListener("abort", () => resolve(), { once: true });
      paused.resolve(resolve);
      return promise;
    },
  );
  return {
    pump,
    pieces,
    print: (text: string) => controller.enqueue(new TextEncoder().encode(text)),
    end: () => controller.close(),
    /** Resolves in the next pause, with what ends it. */
    async paused(): Promise<() => void> {
      const end = await paused.promise;
      paused = Promise.withResolvers();
      return end;
    },
  };
}

Deno.test("the first piece is taken at once: a guard says its child's number", async () => {
  const { pump, pieces, print, paused } = setUp();
  print("4711\n");
  print("starts\n");
  await paused();
  assert.deepEqual(pieces, ["4711\n"]);
  pump.hurry();
  pump.cancel();
  await pump.ended;
});

Deno.test("what a child prints is not looked at for a moment, and then as one piece", async () => {
  const { pump, pieces, print, end, paused } = setUp();
  for (const line of ["one\n", "two\n"]) print(line);
  const goOn = await paused();
  for (const line of ["three\n", "four\n", "five\n"]) print(line);
  assert.deepEqual(pieces, ["one\n"]);
  goOn();
  const goOnAgain = await paused();
  assert.deepEqual(pieces, ["one\n", "two\n"]);
  goOnAgain();
  end();
  await pump.ended;
  assert.deepEqual(pieces, ["one\n", "two\n", "three\nfour\nfive\n"]);
});

Deno.test("the last words of a child that has ended are not waited for", async () => {
  const { pump, pieces, print, end, paused } = setUp();
  for (const line of ["starts\n", "works\n"]) print(line);
  await paused();
  print("dies\n");
  pump.hurry();
  end();
  await pump.ended;
  assert.deepEqual(pieces, ["starts\n", "works\n", "dies\n"]);
});

Deno.test("output that nobody ends is given up", async () => {
  const { pump, pieces, print, paused } = setUp();
  for (const line of ["starts\n", "works\n"]) print(line);
  (await paused())();
  pump.cancel();
  await pump.ended;
  assert.deepEqual(pieces, ["starts\n", "works\n"]);
});

Deno.test("a child that says a lot is not kept waiting", async () => {
  const { pump, pieces, print, end, paused } = setUp();
  print("starts\n");
  print("x".repeat(2 * OUTPUT_READ_BYTES));
  print("y");
  (await paused())();
  end();
  await pump.ended;
  const sizes = pieces.map((piece) => piece.length);
  assert.deepEqual(sizes, ["starts\n".length, OUTPUT_READ_BYTES, OUTPUT_READ_BYTES, 1]);
});
