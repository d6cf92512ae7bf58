import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { pause } from "../../src/base/pause.ts";

Deno.test("pause() is over when its time or its signal says so", async () => {
  await pause(1, new AbortController().signal);
  const abort = new AbortController();
  const pausing = pause(60_000, abort.signal);
  abort.abort();
  await pausing;
  await pause(60_000, abort.signal);
});

Deno.test("pause() leaves nothing at a signal that lives as long as the node", async () => {
  const { signal } = new AbortController();
  for (let i = 0; i < 20; i++) await pause(0, signal);
  assert.equal(getEventListeners(signal, "abort").length, 0);
});
