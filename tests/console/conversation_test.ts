import assert from "node:assert/strict";
import { beginAnswer } from "../../console/src/lib/answer.ts";
import {
  addTurn,
  branchesOf,
  type Conversation,
  GUIDE_QUESTIONS,
  messagesFor,
  newConversation,
  pathOf,
  pickModel,
  type Question,
  restored,
  showBranch,
  titleOf,
  type Turn,
  withAnswer,
} from "../../console/src/lib/conversation.ts";
import answers from "../support/guide_answers.json" with { type: "json" };

const asked = (text: string, attachments: Question["attachments"] = []) => ({ text, attachments });

function turn(id: string, question: string, text: string, parent: string | null = null): Turn {
  const answer = { ...beginAnswer(0), text };
  return { id, parent, model: "big", question: asked(question), answer };
}

const EARLIER = [turn("1", "one?", "yes"), turn("2", "two?", ""), turn("3", "three?", "no")];

function conversation(...turns: Turn[]): Conversation {
  return turns.reduce((sum, one) => addTurn(sum, one, 5), newConversation("c", 1));
}

const ids = (turns: readonly Turn[]) => turns.map(({ id }) => id).join("");

Deno.test("messagesFor() tells a model the earlier turns that were answered", () => {
  const told = { earlier: EARLIER, question: asked("four?"), system: "" };
  assert.deepEqual(messagesFor("big", told), [
    { role: "user", content: "one?" },
    { role: "assistant", content: "yes" },
    { role: "user", content: "three?" },
    { role: "assistant", content: "no" },
    { role: "user", content: "four?" },
  ]);
});

// Asked a second question, the guide answered "very by the meshine othe I."
Deno.test("messagesFor() asks the guide each question by itself", () => {
  const told = { earlier: EARLIER, question: asked("four?"), system: "" };
  assert.deepEqual(messagesFor("guide", told), [{ role: "user", content: "four?" }]);
});

Deno.test("messagesFor() begins with the system prompt, where there is one", () => {
  const told = { earlier: [], question: asked("one?"), system: "Be brief" };
  assert.deepEqual(messagesFor("big", told)[0], { role: "system", content: "Be brief" });
  assert.equal(messagesFor("big", { ...told, system: "  " }).length, 1);
});

Deno.test("messagesFor() puts a text file before the question, in a fence that it can't end", () => {
  const files = [{ kind: "text", name: "a.md", text: "```\nx\n```" }] as const;
  const told = { earlier: [], question: asked("What is it?", files), system: "" };
  assert.equal(
    messagesFor("big", told)[0]?.content,
    "File a.md:\n````\n```\nx\n```\n````\n\nWhat is it?",
  );
});

Deno.test("messagesFor() sends images as parts beside the text", () => {
  const files = [{ kind: "image", name: "a.jpg", dataUrl: "data:image/jpeg;base64,AA" }] as const;
  const told = { earlier: [], question: asked("What is it?", files), system: "" };
  assert.deepEqual(messagesFor("big", told)[0]?.content, [
    { type: "text", text: "What is it?" },
    { type: "image_url", image_url: { url: "data:image/jpeg;base64,AA" } },
  ]);
});

Deno.test("a question asked anew is a branch: the path follows the newest, or the chosen one", () => {
  const whole = conversation(
    turn("a", "1", "x"),
    turn("b", "2", "x", "a"),
    turn("c", "3", "x", "b"),
    turn("B", "2 anew", "x", "a"),
  );
  assert.equal(ids(pathOf(whole)), "aB");
  assert.equal(ids(branchesOf(whole, "a")), "bB");
  const back = showBranch(whole, turn("b", "2", "x", "a"));
  assert.equal(ids(pathOf(back)), "abc");
  assert.equal(ids(pathOf(addTurn(back, turn("d", "4", "x", "c"), 9))), "abcd");
});

Deno.test("the first question has branches too", () => {
  const whole = conversation(turn("a", "1", "x"), turn("A", "1 anew", "x"));
  assert.equal(ids(pathOf(whole)), "A");
  assert.equal(ids(pathOf(showBranch(whole, turn("a", "1", "x")))), "a");
});

Deno.test("an answer that was being written when the page closed was stopped by that", () => {
  const [first] = restored(conversation(turn("a", "1", "half"))).turns;
  assert.equal(first?.answer.state, "stopped");
  assert.equal(first?.answer.text, "half");
});

Deno.test("titleOf() is the first question on one line, or the name of its file", () => {
  assert.equal(titleOf(conversation()), "New chat");
  assert.equal(titleOf(conversation(turn("a", " What\nis it? ", "x"))), "What is it?");
  assert.equal([...titleOf(conversation(turn("a", "w".repeat(99), "x")))].length, 60);
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
  const before = conversation(...EARLIER);
  const after = withAnswer(before, "2", (answer) => ({ ...answer, text: "maybe" }));
  assert.equal(after.turns[0], before.turns[0]);
  assert.equal(after.turns[2], before.turns[2]);
  assert.equal(after.turns[1]?.answer.text, "maybe");
  assert.equal(before.turns[1]?.answer.text, "");
});
