import assert from "node:assert/strict";
import { checkSentences } from "../../scripts/sentences.ts";

/** Put together here, so that it is no comment of this file. */
function comment(...lines: string[]): string {
  return lines.map((line) => `${"/".repeat(2)} ${line}`).join("\n");
}

function block(...lines: string[]): string {
  return ["/" + "**", ...lines.map((line) => ` * ${line}`), " *" + "/"].join("\n");
}

const cases: [what: string, path: string, text: string, lines: number[]][] = [
  ["a sentence with a subject", "a.ts", comment("The host of it."), []],
  ["one that begins with what", "a.ts", comment("What it does."), [1]],
  ["one that begins with who, and has no end", "a.ts", comment("Who hears it"), [1]],
  ["the second sentence of a line", "a.ts", comment("It waits. Where it may, it goes on."), [1]],
  ["a sentence in the middle of a block", "a.ts", block("It waits.", "What comes is read."), [3]],
  ["one whose start ends a line", "a.ts", block("It waits. What", "comes is read. Why?"), [2]],
  ["one in one line of its own", "a.ts", `${"/" + "** What it is. *" + "/"}`, [1]],
  ["a comment behind code", "a.ts", `const a = 1; ${comment("What it is.")}`, [1]],
  ["a tag", "a.ts", block("Reads it.", "@returns What it has read."), [3]],
  ["a question", "a.ts", comment("What is it? It is a node."), []],
  ["a question over two lines", "a.ts", comment("Who", "hears it?"), []],
  ["words that only contain one", "a.ts", comment("Whole files. It knows what it does."), []],
  ["a subject that is nobody", "a.ts", comment("It ends. Whoever waits is told."), [1]],
  ["a word behind a colon", "a.ts", comment("One thing: What it is."), []],
  ["a string, which is data", "a.ts", 'const a = "What it is.";', []],
  ["a comment that the next one does not go on with", "a.ts", comment("What is it?", "", "What."), [
    3,
  ]],
  ["a paragraph of a page", "a.md", "It is.\n\nWho joins\nsigns.", [3]],
  ["a list item", "a.md", "- Who joins signs.", [1]],
  ["a heading without a question mark", "a.md", "## What it is\n\nA page.", [1]],
  ["a cell", "a.md", "| a | What it is |\n|---|---|", [1]],
  ["a bold start", "a.md", "It is. **What it is.**", [1]],
  ["code of a page", "a.md", "```\nWhat it is.\n```\n\n    Who", []],
];

for (const [what, path, text, lines] of cases) {
  Deno.test(`checkSentences() judges ${what}`, () => {
    assert.deepEqual(checkSentences({ path, text }).map(({ line }) => line), lines);
  });
}
