import assert from "node:assert/strict";
import type { Freeze } from "../../../src/engine/mod.ts";
import { freezeNotes } from "../../../src/node/report/freeze_notes.ts";

const of = (time: string, server: Freeze["server"], model: string | null = null): Freeze => ({
  time: `2026-11-29T${time}.123Z`,
  server,
  model,
  reason: "a signal has stopped it",
});

Deno.test("freezeNotes() counts by server and tells of the last time", () => {
  assert.deepEqual(freezeNotes([]), []);
  assert.deepEqual(
    freezeNotes([
      of("19:00:00", "llama-server", "guide"),
      of("19:00:01", "rpc-server"),
      of("19:00:02", "llama-server", "guide"),
    ]),
    [
      "llama-server for guide was frozen 2 times, the last one at 2026-11-29T19:00:02Z: " +
      "a signal has stopped it. It was ended, and another takes its place",
      "rpc-server was frozen at 2026-11-29T19:00:01Z: " +
      "a signal has stopped it. It was ended, and another takes its place",
    ],
  );
});
