import assert from "node:assert/strict";
import { followAbort } from "../../src/base/follow_abort.ts";

Deno.test("followAbort() ends the controller with the signal, for the same reason", () => {
  const [caller, own] = [new AbortController(), new AbortController()];
  followAbort(caller.signal, own);
  assert.equal(own.signal.aborted, false);
  const reason = new Error("gone");
  caller.abort(reason);
  assert.equal(own.signal.reason, reason);
});

Deno.test("followAbort() ends the controller at once where the signal has fired", () => {
  const own = new AbortController();
  followAbort(AbortSignal.abort("before"), own);
  assert.equal(own.signal.reason, "before");
});

Deno.test("followAbort() keeps the first reason, and leaves the signal alone", () => {
  const [caller, own] = [new AbortController(), new AbortController()];
  followAbort(caller.signal, own);
  own.abort("enough");
  assert.equal(caller.signal.aborted, false);
  caller.abort("gone");
  assert.equal(own.signal.reason, "enough");
});
