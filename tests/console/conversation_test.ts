import assert from "node:assert/strict";
import { beginAnswer } from "../../console/src/lib/answer.ts";
import {
  GUIDE_QUESTIONS,
  messagesFor,
  pickModel,
  type Turn,
  withAnswer,
} from "../../console/src/lib/conversation.ts";
import answers from "../support/guide_answers.json" with { type: "json" };

function turn(id: number, question: string, text: string): Turn {
  return { id, model: "big", question, answer: { ...beginAnswer(0), text } };
}

const EARLIER = [turn(1, "one?", "yes"), turn(2, "two?", ""), turn(3, "three?", "no")];

Deno.test("messagesFor() tells a model the earlier turns that were answered", () => {
  assert.deepEqual(messagesFor("big", EARLIER, "four?"), [
    { role: "user", content: "one?" },
    { role: "assistant", content: "yes" },
    { role: "user", content: "three?" },
    { role: "assistant", content: "no" },
    { role: "user", content: "four?" },
  ]);
});

// Asked a second question, the guide answered "very by the meshine othe I."
Deno.test("messagesFor() asks the guide each question by itself", () => {
  assert.deepEqual(messagesFor("guide", EARLIER, "four?"), [{ role: "user", content: "four?" }]);
});

Deno.test("the questions that the page proposes are ones that the guide was taught", () => {
  for (const question of GUIDE_QUESTIONS) {
    assert.ok(question.toLowerCase() in answers, question);
  }
});

Deno.test("pickModel() keeps the choice while it is warm, then takes the node's own, then any", () => {
  const table: [string | null, string | null, string[], string | null][] = [
    ["b", "a", ["a", "b"], "b"],
    ["gone", "b", ["a", "b"], "b"],
    [null, "b", ["a", "b"], "b"],
    [null, "gone", ["a", "b"], "a"],
    [null, null, ["a"], "a"],
    ["a", "a", [], null],
  ];
  for (const [chosen, own, warm, picked] of table) {
    assert.equal(pickModel(chosen, own, warm), picked);
  }
});

Deno.test("withAnswer() changes one turn and leaves the others as they are", () => {
  const changed = withAnswer(EARLIER, 2, (answer) => ({ ...answer, text: "maybe" }));
  assert.equal(changed[0], EARLIER[0]);
  assert.equal(changed[2], EARLIER[2]);
  assert.equal(changed[1]?.answer.text, "maybe");
  assert.equal(EARLIER[1]?.answer.text, "");
});
