import assert from "node:assert/strict";
import { checkPages } from "../../scripts/pages.ts";

const there = new Set(["README.md", "docs/api.md", "docs/trust.md", "src/node/types.ts"]);

function missing(path: string, text: string): string[] {
  return checkPages({ path, text }, (page) => there.has(page))
    .map(({ line, message }) => `${line} ${message.split(" ")[2]?.replace(",", "")}`);
}

/** Put together here, so that it is no comment of this file. */
function comment(words: string): string {
  return `${"/".repeat(2)} ${words}`;
}

const cases: [what: string, path: string, text: string, found: string[]][] = [
  ["a page by its path", "src/a.ts", "/** See docs/api.md. */", []],
  ["a page of docs by its name", "src/a.ts", "// As trust.md says.", []],
  ["a page at the root", "src/a.ts", " * README.md", []],
  ["one that is not there", "src/a.ts", `const a = 1; ${comment("gone.md 4")}`, ["1 gone.md"]],
  ["its line", "src/a.ts", `const a = 1;\n\n${comment("docs/gone.md")}`, ["3 docs/gone.md"]],
  ["a name in a string, which is data", "src/a.ts", 'const page = "gone.md";', []],
  ["an address", "src/a.ts", comment("https://example.com/gone.md"), []],
  ["a link of a page", "docs/api.md", "[trust](trust.md) and [code](../src/node/types.ts)", []],
  ["a link to a part of a page", "docs/api.md", "[trust](trust.md#limits)", []],
  ["a link that leads nowhere", "README.md", "a\n[x](docs/gone.md)", ["2 docs/gone.md"]],
  ["a source file by its path", "docs/api.md", "See `src/node/types.ts` and `node/types.ts`.", []],
  ["one that has moved", "docs/api.md", "a\n`node/gone.ts` has it", ["2 node/gone.ts"]],
  ["a file's bare name", "docs/api.md", "`gone.ts` has it", []],
  ["a path of a folder only", "docs/api.md", "`node/gone/` has it", []],
  ["a source file in a comment", "src/a.ts", comment("as src/node/types.ts does"), []],
  ["one in a comment that has moved", "src/a.ts", comment("as src/node/gone.ts does"), [
    "1 src/node/gone.ts",
  ]],
  ["a path in a string", "src/a.ts", 'const path = "src/node/gone.ts";', []],
  ["a link elsewhere", "README.md", "[x](https://example.com/gone.md)", []],
];

for (const [what, path, text, found] of cases) {
  Deno.test(`checkPages() judges ${what}`, () => assert.deepEqual(missing(path, text), found));
}
