import assert from "node:assert/strict";
import { replaceSection } from "../../scripts/bench/page.ts";

const PAGE = "# Benchmarks\n\n## One (`x`)\n\nold\n\n| a |\n\n## Two\n\nsame\n";

Deno.test("a benchmark's section is replaced, and no other", () => {
  assert.equal(
    replaceSection(PAGE, "One (`x`)", "new\n"),
    "# Benchmarks\n\n## One (`x`)\n\nnew\n\n## Two\n\nsame\n",
  );
  assert.equal(
    replaceSection(PAGE, "Two", "new"),
    PAGE.replace("same", "new"),
  );
});

Deno.test("a section that is not there yet comes last", () => {
  assert.equal(replaceSection(PAGE, "Three", "new"), `${PAGE}\n## Three\n\nnew\n`);
});
