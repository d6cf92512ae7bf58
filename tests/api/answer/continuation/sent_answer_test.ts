import fc from "fast-check";
import assert from "node:assert/strict";
import { SentAnswer } from "../../../../src/api/answer/continuation/sent_answer.ts";
import { UNREAD_EVENTS_BYTES } from "../../../../src/api/base/defaults.ts";

function eventOf(text: string): Uint8Array {
  return new TextEncoder().encode(`data: ${JSON.stringify({ choices: [{ text }] })}\n\n`);
}

const ENDS: Readonly<Record<string, string>> = {
  whole: "data: [DONE]\n\n",
  "its reason": 'data: {"choices":[{"text":"","finish_reason":"length"}]}\n\n',
  "an error": 'data: {"error":{"message":"it failed"}}\n\n',
  nothing: "",
};

// Around the size up to which events are kept unread, and with what is said asked for at any moment or never.
Deno.test("SentAnswer knows all that was sent, however many events come before it is asked", () => {
  const sizes = fc.constantFrom(1, 5, 300, UNREAD_EVENTS_BYTES / 3, UNREAD_EVENTS_BYTES);
  const events = fc.array(
    fc.record({
      size: sizes,
      letter: fc.constantFrom("a", "ü", "😀", "\n\n"),
      isAsked: fc.boolean(),
    }),
    { minLength: 1, maxLength: 12 },
  );
  fc.assert(fc.property(events, fc.constantFrom(...Object.keys(ENDS)), (pieces, end) => {
    const sent = new SentAnswer();
    let text = "";
    for (const { size, letter, isAsked } of pieces) {
      const said = letter.repeat(size);
      const bytes = eventOf(said);
      sent.observe(bytes);
      // The buffer of a piece belongs to whoever sends it.
      bytes.fill(0);
      text += said;
      if (isAsked) assert.equal(sent.text, text);
    }
    sent.observe(new TextEncoder().encode(ENDS[end]));
    assert.equal(sent.done, end === "whole" || end === "an error");
    assert.equal(sent.finishReason, end === "its reason" ? "length" : null);
    assert.equal(sent.beyondText, null);
    assert.equal(sent.text, text);
    assert.ok(sent.hasBegun);
  }));
});
