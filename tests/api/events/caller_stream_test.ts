import assert from "node:assert/strict";
import { type CallerEvents, callerStream } from "../../../src/api/events/caller_stream.ts";

/** The events of a stream. */
function told() {
  const log: string[] = [];
  const events: CallerEvents = {
    passed: (chunk) => log.push(`passed ${chunk.length}`),
    completed: () => log.push("completed"),
    broke: () => {
      log.push("broke");
      return null;
    },
    cancelled: () => log.push("cancelled"),
  };
  return { log, events };
}

/** After all that is under way has come to where it waits. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** One piece, and then the end that is given. */
async function* pieces(end: () => Promise<void>): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(3);
  await end();
}

Deno.test("callerStream() tells that its caller has gone, and nothing of what that ends", async () => {
  for (const ends of ["resolve", "reject"] as const) {
    const { log, events } = told();
    const given = Promise.withResolvers<void>();
    const reader = callerStream(pieces(() => given.promise), events, { isEvents: true })
      .getReader();
    await reader.read();
    const waiting = reader.read();
    await nextTurn();
    const gone = reader.cancel();
    given[ends](undefined);
    given.promise.catch(() => {});
    await Promise.all([waiting, gone]);
    // The event that the stream waited for comes a moment later.
    await nextTurn();
    assert.deepEqual(log, ["passed 3", "cancelled"], ends);
  }
});

Deno.test("callerStream() tells of a whole answer, and of one that broke", async () => {
  for (const breaks of [false, true]) {
    const { log, events } = told();
    const end = () => breaks ? Promise.reject(new Error("died")) : Promise.resolve();
    const text = new Response(callerStream(pieces(end), events, { isEvents: false })).bytes();
    if (breaks) await assert.rejects(text);
    else assert.equal((await text).length, 3);
    assert.deepEqual(log, ["passed 3", breaks ? "broke" : "completed"]);
  }
});
