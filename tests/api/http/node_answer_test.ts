import assert from "node:assert/strict";
import { sendAnswer } from "../../../src/api/http/node_answer.ts";
import { SourceStream } from "../../../src/base/body_source.ts";
import { serving } from "./own_server.ts";

const EVENTS = { headers: { "content-type": "text/event-stream" } };

/** @returns what the caller got, and whether the head went ahead of it. */
async function answeredBy(
  read: () => Promise<Uint8Array | null>,
  onHead: () => void,
): Promise<{ readonly text: string; readonly isHeadAhead: boolean }> {
  let isHeadAhead = false;
  await using server = await serving((_, outgoing) => {
    const flush = outgoing.flushHeaders.bind(outgoing);
    outgoing.flushHeaders = () => {
      isHeadAhead = true;
      flush();
    };
    const body = new SourceStream({ read, cancel: () => {} });
    return sendAnswer(new Response(body, EVENTS), outgoing);
  });
  const answer = await fetch(server.url);
  onHead();
  return { text: await answer.text(), isHeadAhead };
}

Deno.test("the head of events goes with the first of them where that has come, and ahead of one that is made", async () => {
  const event = new TextEncoder().encode("data: 1\n\n");
  for (const isThere of [true, false]) {
    const made = Promise.withResolvers<void>();
    const pieces = [event, event];
    const read = async () => {
      if (!isThere) await made.promise;
      return pieces.pop() ?? null;
    };
    const got = await answeredBy(read, () => made.resolve());
    assert.deepEqual(got, { text: "data: 1\n\ndata: 1\n\n", isHeadAhead: !isThere });
  }
});
