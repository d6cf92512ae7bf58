import assert from "node:assert/strict";
import { parseGgufHeader } from "../../../src/models/gguf/gguf_header.ts";
import { purposeOf } from "../../../src/models/fit/purpose.ts";
import { entry } from "../../support/gguf_writer.ts";
import { sampleHeader } from "../sample_gguf.ts";

Deno.test("purposeOf() tells what a model is for by how it pools", () => {
  const table: [number | null, string][] = [
    [null, "text"],
    [0, "text"],
    [1, "embeddings"],
    [2, "embeddings"],
    [3, "embeddings"],
    [4, "reranking"],
  ];
  for (const [type, purpose] of table) {
    const metadata = type === null ? [] : [entry("llama.pooling_type", type)];
    const parsed = parseGgufHeader(sampleHeader({ metadata }));
    assert.ok(parsed.kind === "header");
    assert.equal(purposeOf(parsed.header), purpose, `${type}`);
  }
});
