import assert from "node:assert/strict";
import { isModelName } from "../../../src/models/mod.ts";
import { eachShardPath, shardName } from "../../../src/models/base/shards.ts";

for (
  const [path, model, index, count] of [
    ["/m/guide.gguf", "guide", 1, 1],
    ["/m/Qwen3-8B-Q4_K_M.gguf", "Qwen3-8B-Q4_K_M", 1, 1],
    ["/m/big-00002-of-00003.gguf", "big", 2, 3],
    ["/m/big-2-of-3.gguf", "big-2-of-3", 1, 1],
  ] as const
) {
  Deno.test(`shardName() reads ${path}`, () => {
    assert.deepEqual(shardName(path), { model, index, count });
  });
}

Deno.test("eachShardPath() names all shards, whichever was given", () => {
  const all = ["/m/big-00001-of-00002.gguf", "/m/big-00002-of-00002.gguf"];
  assert.deepEqual(all.map((path) => [...eachShardPath(path)]), [all, all]);
  assert.deepEqual([...eachShardPath("/m/guide.gguf")], ["/m/guide.gguf"]);
});

Deno.test("a name is the same from a disk that takes letters apart", () => {
  const apart = "/m/gro\u0308ße-00001-of-00001.gguf";
  assert.equal(shardName(apart).model, "gr\u00f6ße");
  assert.deepEqual([...eachShardPath(apart)], [apart]);
});

Deno.test("isModelName() takes what other nodes take, and no path upwards", () => {
  const good = [
    "guide",
    "org/model:Q4_K_M",
    "7B-it.v2",
    "a".repeat(200),
    "模型-7B",
    "größe (v2)+@'",
  ];
  const paths = ["..", "a..b", ".hidden", "/abs", "a/", "a//b", "~/a", "a\\b", "../up"];
  const unseen = ["a\n", "a\x1b[31m", "a\u202eb", "a\u200bb", "a\u2028b", "\ud800", " a", "a "];
  const bad = ["", "-x", "a".repeat(201), "__proto__", ...paths, ...unseen];
  assert.deepEqual([good.filter((name) => !isModelName(name)), bad.filter(isModelName)], [[], []]);
});
