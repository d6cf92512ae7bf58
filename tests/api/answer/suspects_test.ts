import assert from "node:assert/strict";
import { CRASH_MEMORY_MS, MAX_SUSPECTS, SAME_CRASH_MS } from "../../../src/api/base/defaults.ts";
import { RefusedError } from "../../../src/api/http/openai_errors.ts";
import { Suspects } from "../../../src/api/answer/suspects.ts";

function request(text: string, path = "/v1/completions") {
  return { path, body: new TextEncoder().encode(text) };
}

function setUp(holdMs = 60_000) {
  const clock = { nowMs: 0 };
  return { clock, suspects: new Suspects(() => clock.nowMs, holdMs) };
}

Deno.test("Suspects lets a request be asked again after one crash, and not after two", async () => {
  const { suspects } = setUp();
  await suspects.check(request("a"));
  await suspects.crashed(request("a"), false);
  await suspects.check(request("a"));
  await assert.rejects(suspects.crashed(request("a"), true), RefusedError);
  await assert.rejects(suspects.check(request("a")), RefusedError);
  for (const other of [request("b"), request("a", "/v1/chat/completions")]) {
    await suspects.check(other);
  }
});

Deno.test("Suspects counts one crash once, however many of the same body were there", async () => {
  const { suspects, clock } = setUp();
  await suspects.crashed(request("a"), false);
  await suspects.crashed(request("a"), false);
  clock.nowMs += SAME_CRASH_MS + 1;
  await assert.rejects(suspects.crashed(request("a"), false), RefusedError);
});

Deno.test("Suspects forgets who was answered, who crashed long ago, and the oldest of too many", async () => {
  const { suspects, clock } = setUp();
  await suspects.crashed(request("a"), false);
  await suspects.cleared(request("a"));
  clock.nowMs += SAME_CRASH_MS + 1;
  await suspects.crashed(request("a"), false);
  await assert.rejects(suspects.crashed(request("a"), true), RefusedError);
  clock.nowMs += CRASH_MEMORY_MS + 1;
  await suspects.check(request("a"));
  await assert.rejects(suspects.crashed(request("x"), true), RefusedError);
  for (let one = 0; one < MAX_SUSPECTS; one++) await suspects.crashed(request(`${one}`), false);
  await suspects.check(request("x"));
});

Deno.test("Suspects are asked one at a time, and one that is given up waits for nobody", async () => {
  const { suspects } = setUp();
  const never = new AbortController().signal;
  const order: string[] = [];
  const end = await suspects.turn(never);
  const giving = new AbortController();
  const impatient = suspects.turn(giving.signal);
  const second = suspects.turn(never).then((ended) => {
    order.push("second");
    return ended;
  });
  giving.abort(new Error("gone"));
  await assert.rejects(impatient, /gone/);
  order.push("first");
  end();
  (await second)();
  (await suspects.turn(never))();
  assert.deepEqual(order, ["first", "second"]);
});

Deno.test("Suspects wait no longer than a request is held, and hold up nobody behind them", async () => {
  const { suspects } = setUp(1);
  const never = new AbortController().signal;
  const end = await suspects.turn(never);
  for (let waiting = 0; waiting < 2; waiting++) {
    await assert.rejects(suspects.turn(never), (error) => {
      assert.ok(error instanceof RefusedError);
      assert.deepEqual(error.refusal, { kind: "suspect-held", forMs: 1 });
      return true;
    });
  }
  await assert.rejects(suspects.turn(AbortSignal.abort(new Error("gone"))), /gone/);
  end();
  (await suspects.turn(never))();
});
