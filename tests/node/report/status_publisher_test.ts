import assert from "node:assert/strict";
import type { NodeEvent, Status } from "../../../src/api/mod.ts";
import { StatusPublisher } from "../../../src/node/report/status_publisher.ts";

function setUp() {
  const built: number[] = [];
  const failures: unknown[] = [];
  const events: NodeEvent[] = [];
  const publisher = new StatusPublisher({
    status: () => ({ number: built.push(0) }) as unknown as Status,
    now: () => 0,
    onFailure: (error) => failures.push(error),
  });
  return { publisher, built, failures, events };
}

/** Longer than it takes to build a status that is due. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

// Each node built and encoded four statuses a second with no console open.
Deno.test("StatusPublisher builds a status only while somebody looks on", async () => {
  const { publisher, built } = setUp();
  const events: NodeEvent[] = [];
  publisher.subscribe((event) => events.push(event));
  publisher.changed();
  await nextTurn();
  assert.equal(built.length, 0);
  const unwatch = publisher.watch();
  const told = Promise.withResolvers<void>();
  publisher.subscribe(() => told.resolve());
  publisher.changed();
  await told.promise;
  assert.deepEqual(events.map(({ type }) => type), ["status"]);
  unwatch();
  unwatch();
  publisher.watch()();
  publisher.changed();
  await nextTurn();
  assert.equal(built.length, 1);
  publisher.stop();
});

// A console's mistake ended the request that was being recorded.
Deno.test("StatusPublisher is no worse for a listener that throws", () => {
  const { publisher, failures, events } = setUp();
  publisher.subscribe(() => {
    throw new Error("broken");
  });
  publisher.subscribe((event) => events.push(event));
  publisher.send({ type: "log", line: { time: "t", level: "info", event: "e", message: "m" } });
  assert.equal(events.length, 1);
  assert.match(String(failures[0]), /broken/);
});
