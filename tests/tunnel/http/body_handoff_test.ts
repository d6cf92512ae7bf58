import assert from "node:assert/strict";
import { BodyHandoff } from "../../../src/tunnel/http/body_handoff.ts";

Deno.test("BodyHandoff hands every piece over in order, each when it is asked for", async () => {
  const handoff = new BodyHandoff();
  const taken: number[] = [];
  let written = 0;
  const writing = (async () => {
    for (let i = 0; i < 50; i++) {
      await handoff.write(new Uint8Array([i]));
      written++;
    }
    handoff.end();
  })();
  for await (const [byte] of handoff.readable) {
    taken.push(byte ?? -1);
    assert.ok(written <= taken.length + 1, `${written} written, ${taken.length} taken`);
  }
  await writing;
  assert.deepEqual(taken, Array.from({ length: 50 }, (_, i) => i));
});

Deno.test("BodyHandoff.fail() frees a write that waits for its reader, and fails the reader", async () => {
  const handoff = new BodyHandoff();
  const writing = handoff.write(new Uint8Array(1));
  handoff.fail(new Error("The peer left"));
  await writing;
  await handoff.write(new Uint8Array(1));
  await assert.rejects(handoff.readable.getReader().read(), /The peer left/);
});

Deno.test("BodyHandoff drops what is written after its reader has cancelled", async () => {
  const handoff = new BodyHandoff();
  const writing = handoff.write(new Uint8Array(1));
  await handoff.readable.cancel();
  await writing;
  await handoff.write(new Uint8Array(1));
  handoff.end();
});

Deno.test("BodyHandoff ends for a reader that comes after the end", async () => {
  const handoff = new BodyHandoff();
  handoff.end();
  handoff.fail(new Error("too late"));
  assert.equal(await new Response(handoff.readable as BodyInit).text(), "");
});
