import assert from "node:assert/strict";
import {
  identify,
  isRunning,
  parsePsStartTime,
  parseStatStartTime,
  signalProcess,
} from "../../../src/engine/process/process_identity.ts";

Deno.test("parseStatStartTime() reads past a name with brackets and spaces", () => {
  const rest = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20";
  assert.equal(parseStatStartTime(`42 (a) b) ${rest}`), "4711");
});

Deno.test("parseStatStartTime() takes a zombie for ended", () => {
  assert.equal(
    parseStatStartTime("42 (sleep) Z 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711"),
    undefined,
  );
});

for (
  const [line, startTime] of [
    ["Ss   Sun Nov  2 00:36:29 2026    \n", "Sun Nov 2 00:36:29 2026"],
    ["Z    Sun Nov  2 00:36:29 2026\n", undefined],
    ["", undefined],
  ] as const
) {
  Deno.test(`parsePsStartTime() of ${JSON.stringify(line)} is ${startTime}`, () => {
    assert.equal(parsePsStartTime(line), startTime);
  });
}

Deno.test("a process is the same as long as it runs, and only with its own start time", async () => {
  const child = new Deno.Command("sleep", { args: ["60"] }).spawn();
  const identity = await identify(child.pid);
  assert(identity !== undefined);
  assert(await isRunning(identity));
  const stranger = { pid: child.pid, startTime: "another time" };
  assert.equal(await isRunning(stranger), false);
  assert.equal(await signalProcess(stranger, "SIGKILL"), false);
  assert(await isRunning(identity), "a stranger's signal did not reach it");
  assert.equal(await signalProcess(identity, "SIGTERM"), true);
  assert.equal((await child.status).signal, "SIGTERM");
  assert.equal(await isRunning(identity), false);
});
