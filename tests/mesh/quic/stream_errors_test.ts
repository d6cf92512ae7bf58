import assert from "node:assert/strict";
import { streamFailure } from "../../../src/mesh/quic/stream_errors.ts";

Deno.test("the addon's errors are told apart by their messages, and no error is an end", () => {
  const cases = [
    ["stream reset by peer: error 0", "reset"],
    ["sending stopped by peer: error 7", "stopped"],
    ["connection lost", "connection lost"],
    ["closed stream", "unknown"],
    ["", "unknown"],
  ] as const;
  for (const [message, kind] of cases) assert.equal(streamFailure(new Error(message)), kind);
  assert.equal(streamFailure("connection lost"), "connection lost");
});
