import assert from "node:assert/strict";
import {
  parsePsVitals,
  parseStatVitals,
  psVitals,
  vitalsOf,
} from "../../../src/engine/health/vitals.ts";

/** Fields 4 to 11, then page faults, faults of children, and CPU time. */
const stat = (state: string) => `42 (a) b) ${state} 1 2 3 4 5 6 7 8 300 9 40 2 0 0 20 0`;

for (
  const [state, activity] of [
    ["T", "stopped"],
    ["t", "stopped"],
    ["D", "blocked"],
    ["R", "running"],
    ["S", "waiting"],
    ["I", "waiting"],
  ] as const
) {
  Deno.test(`parseStatVitals() of ${state} is ${activity}`, () => {
    assert.deepEqual(parseStatVitals(stat(state)), { activity, work: 342 });
  });
}

for (const state of ["Z", "X"]) {
  Deno.test(`parseStatVitals() takes ${state} for ended`, () => {
    assert.equal(parseStatVitals(stat(state)), undefined);
  });
}

for (
  const [line, vitals] of [
    ["Ss   0:01.23\n", { activity: "waiting", work: 123 }],
    ["T    1:02:03.50\n", { activity: "stopped", work: 372_350 }],
    ["U+   0:00.00\n", { activity: "blocked", work: 0 }],
    ["R    12:00.07\n", { activity: "running", work: 72_007 }],
    ["Z    0:00.00\n", undefined],
    ["", undefined],
  ] as const
) {
  Deno.test(`parsePsVitals() of ${JSON.stringify(line)}`, () => {
    assert.deepEqual(parsePsVitals(line), vitals);
  });
}

Deno.test("vitalsOf() sees a process work, stand still when it is stopped, and end", async () => {
  const child = new Deno.Command("/bin/sh", { args: ["-c", "while :; do :; done"] }).spawn();
  try {
    const before = await vitalsOf(child.pid);
    let now = await vitalsOf(child.pid);
    while (now!.work <= before!.work) now = await vitalsOf(child.pid);
    child.kill("SIGSTOP");
    while ((await vitalsOf(child.pid))!.activity !== "stopped");
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
  assert.equal(await vitalsOf(child.pid), undefined);
});

Deno.test("psVitals() looks at a process, and says nothing where no ps can be started", async () => {
  assert.equal((await psVitals(Deno.pid))?.activity === undefined, false);
  const path = Deno.env.get("PATH") ?? "";
  Deno.env.set("PATH", "/nowhere");
  try {
    assert.equal(await psVitals(Deno.pid), undefined);
  } finally {
    Deno.env.set("PATH", path);
  }
});
