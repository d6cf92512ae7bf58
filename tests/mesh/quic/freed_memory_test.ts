import assert from "node:assert/strict";
import { COLLECTED_MS, CONNECTIONS_WORTH_TRIMMING } from "../../../src/mesh/quic/limits.ts";
import { FreedMemory, trimSystemMemory } from "../../../src/mesh/quic/freed_memory.ts";

/** A clock that stands until it is told to go on. */
class Timers {
  readonly #due = new Set<() => void>();

  after(delayMs: number, run: () => void): () => void {
    assert.equal(delayMs, COLLECTED_MS);
    this.#due.add(run);
    return () => this.#due.delete(run);
  }

  get waiting(): number {
    return this.#due.size;
  }

  goOn(): void {
    const due = [...this.#due];
    this.#due.clear();
    for (const run of due) run();
  }
}

function trimmed() {
  const timers = new Timers();
  let trims = 0;
  const freed = new FreedMemory({ clock: timers, trim: () => Promise.resolve(void (trims += 1)) });
  const goes = (count: number) => {
    for (let i = 0; i < count; i++) freed.connectionGone();
  };
  return { timers, freed, goes, trims: () => trims };
}

Deno.test("memory is given back while a crowd goes, and again when the last of it is collected", () => {
  const { timers, goes, trims } = trimmed();
  goes(CONNECTIONS_WORTH_TRIMMING);
  assert.equal(trims(), 0, "nothing is collected yet");
  timers.goOn();
  assert.equal(trims(), 1);
  goes(1);
  timers.goOn();
  assert.equal(trims(), 2);
  timers.goOn();
  assert.equal(trims(), 3);
  assert.equal(timers.waiting, 0, "an idle node does nothing");
});

Deno.test("a few connections are not worth it, until they have become many", () => {
  const { timers, goes, trims } = trimmed();
  goes(CONNECTIONS_WORTH_TRIMMING - 1);
  timers.goOn();
  assert.equal(timers.waiting, 0);
  assert.equal(trims(), 0);
  goes(1);
  timers.goOn();
  assert.equal(trims(), 1);
});

Deno.test("the memory that a start leaves is given back, once", () => {
  const { timers, freed, trims } = trimmed();
  freed.started();
  timers.goOn();
  assert.equal(trims(), 1);
  assert.equal(timers.waiting, 0);
});

Deno.test("nothing is waited for after the stop", async () => {
  const { timers, freed, goes, trims } = trimmed();
  goes(CONNECTIONS_WORTH_TRIMMING);
  await freed.stop();
  goes(CONNECTIONS_WORTH_TRIMMING);
  assert.equal(timers.waiting, 0);
  timers.goOn();
  assert.equal(trims(), 0);
});

Deno.test("the system takes memory back, or has none to take", async () => {
  for (let i = 0; i < 2; i++) await trimSystemMemory();
});
