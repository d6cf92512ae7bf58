import assert from "node:assert/strict";
import fc from "fast-check";
import {
  MAX_PAIRING_BANS,
  PAIRING_BAN_MS,
  PAIRING_RATE,
  PAIRING_SOURCE_RATE,
  PAIRING_TRIES,
} from "../../../src/mesh/pairing/defaults.ts";
import { PairingDesk, type Visitor } from "../../../src/mesh/pairing/desk.ts";

const visitor = (id: string, code = "482913"): Visitor => ({
  id,
  name: "mini",
  address: "192.168.1.5",
  code,
  sinceMs: 0,
  endsMs: 1,
});

function visited(): PairingDesk {
  const desk = new PairingDesk();
  assert.equal(desk.enter("192.168.1.5", 0), "come");
  desk.show(visitor("a"));
  return desk;
}

Deno.test("one comes at a time, and the next once that one has left", () => {
  const desk = visited();
  assert.equal(desk.enter("192.168.1.6", 0), "busy");
  desk.leave(false, 0);
  assert.equal(desk.enter("192.168.1.6", 0), "come");
});

Deno.test("the code counts for the visitor that was meant, and three times", () => {
  const desk = visited();
  assert.deepEqual(desk.judge("482913", "b"), { kind: "nobody" });
  for (let left = PAIRING_TRIES - 1; left >= 0; left--) {
    const typed = left % 2 === 0 ? "482914" : undefined;
    assert.deepEqual(desk.judge(typed, "a"), { kind: "wrong", triesLeft: left });
    assert.equal(desk.visitor?.triesLeft, left);
  }
  assert.deepEqual(desk.judge("482913", "a"), { kind: "wrong", triesLeft: 0 });
  desk.leave(true, 0);
  assert.deepEqual(desk.judge("482913", undefined), { kind: "nobody" });
});

Deno.test("the right code is right with and without the visitor's id, and nobody is there before one comes", () => {
  assert.deepEqual(new PairingDesk().judge("482913", undefined), { kind: "nobody" });
  for (const id of [undefined, "a"]) {
    const judgement = visited().judge("482913", id);
    assert.deepEqual(judgement, { kind: "right", visitor: visitor("a") });
  }
});

Deno.test("whoever was refused waits, and others don't", () => {
  const desk = visited();
  desk.leave(true, 0);
  assert.equal(desk.enter("192.168.1.5", PAIRING_BAN_MS - 1), "wait");
  assert.equal(desk.enter("192.168.1.6", PAIRING_BAN_MS - 1), "come");
  desk.leave(false, PAIRING_BAN_MS - 1);
  assert.equal(desk.enter("192.168.1.5", PAIRING_BAN_MS), "come");
});

Deno.test("an address that asks too often waits, and so do all once there are too many", () => {
  const desk = new PairingDesk();
  const enter = (source: string) => {
    const entry = desk.enter(source, 0);
    if (entry === "come") desk.leave(false, 0);
    return entry;
  };
  const { burst } = PAIRING_SOURCE_RATE;
  const entries = Array.from({ length: burst + 1 }, () => enter("10.0.0.1"));
  assert.deepEqual(entries, [...Array(burst).fill("come"), "wait"]);
  const others = Array.from({ length: PAIRING_RATE.burst }, (_, i) => enter(`10.0.1.${i}`));
  assert.equal(others.filter((entry) => entry === "come").length, PAIRING_RATE.burst - burst);
});

Deno.test("whatever comes, at most one is in front of a person, and nobody who was refused is soon again", () => {
  const step = fc.record({
    kind: fc.constantFrom("enter", "type", "leave", "refuse"),
    source: fc.nat(200),
    afterMs: fc.nat(PAIRING_BAN_MS / 2),
    code: fc.constantFrom("482913", "000000"),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const desk = new PairingDesk();
      const refusedAt = new Map<number, number>();
      let [now, inside, wrong]: [number, number | null, number] = [0, null, 0];
      for (const { kind, source, afterMs, code } of steps) {
        now += afterMs;
        if (kind === "enter") {
          const entry = desk.enter(String(source), now);
          if (inside !== null) assert.notEqual(entry, "come");
          if (entry !== "come") continue;
          const refused = refusedAt.get(source);
          const isLate = refused === undefined || now - refused >= PAIRING_BAN_MS;
          assert.ok(isLate || refusedAt.size > MAX_PAIRING_BANS);
          desk.show(visitor(String(source)));
          [inside, wrong] = [source, 0];
        } else if (kind === "type") {
          const judgement = desk.judge(code, undefined);
          assert.equal(judgement.kind === "nobody", inside === null);
          if (judgement.kind === "wrong") wrong++;
          if (judgement.kind === "right") assert.ok(wrong < PAIRING_TRIES);
        } else if (inside !== null) {
          if (kind === "refuse") refusedAt.set(inside, now);
          desk.leave(kind === "refuse", now);
          inside = null;
        }
        assert.equal(desk.visitor?.id, inside === null ? undefined : String(inside));
      }
    }),
    { numRuns: Number(Deno.env.get("MESH_LLM_RUNS") ?? 200) },
  );
});
