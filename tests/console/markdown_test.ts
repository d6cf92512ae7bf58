import assert from "node:assert/strict";
import fc from "fast-check";
import { highlight } from "../../console/src/lib/highlight.ts";
import { markdownBlocks, type MarkdownNode } from "../../console/src/lib/markdown.ts";

const nodes = (text: string) => markdownBlocks(text).flatMap((block) => block.nodes);

function all(tree: readonly MarkdownNode[]): MarkdownNode[] {
  return tree.flatMap((node) =>
    typeof node === "string" || node.kind === "code" ? [node] : [node, ...all(node.children)]
  );
}

const links = (text: string) =>
  all(nodes(text)).flatMap((node) =>
    typeof node !== "string" && node.kind === "link" ? [`${node.href} ${node.host}`] : []
  );

Deno.test("Markdown becomes elements", () => {
  assert.deepEqual(nodes("Some **bold** and `code`."), [{
    kind: "element",
    tag: "p",
    children: [
      "Some ",
      { kind: "element", tag: "strong", children: ["bold"] },
      " and ",
      { kind: "element", tag: "code", children: ["code"] },
      ".",
    ],
  }]);
  assert.deepEqual(nodes("```python extra\nx = 1\n```"), [
    { kind: "code", language: "python", text: "x = 1" },
  ]);
  assert.deepEqual(nodes("3. c\n")[0], {
    kind: "list",
    start: 3,
    children: [{ kind: "element", tag: "li", children: ["c"] }],
  });
});

Deno.test("HTML of a model is text", () => {
  const text = `<img src=x onerror="alert(1)"> <script>alert(1)</script>`;
  assert.deepEqual(nodes(text), [{ kind: "element", tag: "p", children: [text] }]);
});

Deno.test("links lead to the web, say where if their text does not, and to nowhere else", () => {
  assert.deepEqual(links("[docs](https://example.com/a)"), ["https://example.com/a example.com"]);
  assert.deepEqual(links("https://example.com/a"), ["https://example.com/a null"]);
  assert.deepEqual(links("[https://good.org](https://evil.org/)"), ["https://evil.org/ evil.org"]);
  for (
    const target of ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "/api/status", "#x"]
  ) {
    assert.deepEqual(links(`[text](${target}) ![image](${target})`), [], target);
  }
});

Deno.test("an image is a link, which the browser follows when told to", () => {
  assert.deepEqual(nodes("![a cat](https://example.com/cat.png)"), [{
    kind: "element",
    tag: "p",
    children: [{
      kind: "link",
      href: "https://example.com/cat.png",
      host: "example.com",
      children: ["Image: a cat"],
    }],
  }]);
});

Deno.test("an answer that grows leaves the blocks before its last as they are", () => {
  const text = "# One\n\nTwo *three*.\n\n- four\n- five\n\n```js\nlet six;\n```\n\nSeven";
  const whole = markdownBlocks(text).map(({ source }) => source);
  assert.deepEqual(whole, [
    "# One",
    "Two *three*.",
    "- four\n- five\n",
    "```js\nlet six;\n```",
    "Seven",
  ]);
  const longer = markdownBlocks(`${text} and eight\n\nNine`).map(({ source }) => source);
  assert.deepEqual(longer.slice(0, 4), whole.slice(0, 4));
});

Deno.test("no text makes the reader of Markdown fail, or a link leave the web", () => {
  fc.assert(fc.property(fc.string({ maxLength: 300 }), (text) => {
    for (const link of links(text)) assert.match(link, /^(https?|mailto):/);
  }));
});

Deno.test("highlight() colours code of a known language and loses none of it", () => {
  const code = "def f(x):\n    return x  # <b>";
  const text = (node: ReturnType<typeof highlight>[number]): string =>
    typeof node === "string" ? node : node.children.map(text).join("");
  const coloured = highlight(code, "python");
  assert.ok(coloured.length > 1);
  assert.equal(coloured.map(text).join(""), code);
  assert.deepEqual(highlight(code, "klingon"), [code]);
  assert.deepEqual(highlight("x".repeat(40_000), "python"), ["x".repeat(40_000)]);
});
