import assert from "node:assert/strict";
import { eachShardPath, isModelName, shardName } from "../../src/models/shards.ts";

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

Deno.test("isModelName() takes what other nodes take, and no path upwards", () => {
  const good = ["guide", "org/model:Q4_K_M", "7B-it.v2", "a".repeat(128)];
  const bad = ["", "-x", ".hidden", "a..b", "a b", "ä", "a\n", "a".repeat(129), "/abs"];
  assert.deepEqual([good.every(isModelName), bad.filter(isModelName)], [true, []]);
});
