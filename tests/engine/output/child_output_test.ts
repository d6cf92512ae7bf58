import fc from "fast-check";
import assert from "node:assert/strict";
import { Lines, LoadProgress, Tail } from "../../../src/engine/output/child_output.ts";

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

Deno.test("Tail keeps the end, from the start of a line", () => {
  const tail = new Tail(12);
  for (const piece of ["one\ntwo\n", "three\n", "four\n"]) tail.add(bytes(piece));
  assert.equal(tail.text, "three\nfour\n");
});

Deno.test("Tail keeps all of a short text", () => {
  const tail = new Tail(100);
  tail.add(bytes("error: no such file"));
  assert.equal(tail.text, "error: no such file");
});

Deno.test("LoadProgress counts dots on a line of their own, however they are cut", () => {
  const progress = new LoadProgress();
  progress.add(bytes("0.00.001.365 I srv  load_model: ...\n....."));
  assert.equal(progress.fraction, 0.05);
  progress.add(bytes("....."));
  assert.equal(progress.fraction, 0.1);
  progress.add(bytes(`${".".repeat(80)}\nllama_context: done...\n`));
  assert.equal(progress.fraction, 0.9);
});

Deno.test("LoadProgress takes dots within a line for nothing", () => {
  const progress = new LoadProgress();
  for (const piece of ["please wait ", "...", "....\n"]) progress.add(bytes(piece));
  assert.equal(progress.fraction, 0);
});

Deno.test("Lines gives the same lines wherever the text is cut", () => {
  fc.assert(fc.property(fc.array(fc.string({ unit: "grapheme" })), (pieces) => {
    const found: string[] = [];
    const lines = new Lines((line) => found.push(line));
    for (const piece of pieces) lines.add(bytes(piece));
    assert.deepEqual(found, pieces.join("").split("\n").slice(0, -1));
  }));
});
