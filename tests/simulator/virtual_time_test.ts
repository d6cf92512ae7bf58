import assert from "node:assert/strict";
import fc from "fast-check";
import { VirtualTime } from "./virtual_time.ts";

Deno.test("events run in the order of their times, those of one time as they were scheduled", async () => {
  const event = fc.record({
    at: fc.double({ min: 0, max: 6, noNaN: true }),
    thenAfter: fc.constantFrom(0, 0.1, 0.5, 2),
    isCalledOff: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(event),
      fc.double({ min: 0, max: 9, noNaN: true }),
      async (events, stop) => {
        const time = new VirtualTime();
        const ran: { at: number; order: number }[] = [];
        let order = 0;
        const schedule = (at: number, then: () => void) => {
          const mine = order++;
          return time.at(at, () => {
            assert.equal(time.now, at);
            ran.push({ at, order: mine });
            then();
          });
        };
        for (const { at, thenAfter, isCalledOff } of events) {
          const callOff = schedule(at, () => schedule(at + thenAfter, () => {}));
          if (isCalledOff) callOff();
        }
        await time.runUntil(stop);
        assert.equal(time.now, stop);
        assert.ok(ran.every(({ at }) => at <= stop));
        await time.runUntil(10);
        assert.deepEqual(ran, ran.toSorted((a, b) => a.at - b.at || a.order - b.order));
        assert.equal(ran.length, 2 * events.filter(({ isCalledOff }) => !isCalledOff).length);
      },
    ),
  );
});
