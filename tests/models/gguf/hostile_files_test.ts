import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { openLibrary } from "../../../src/models/mod.ts";
import { entry, text, u32, u64 } from "../../support/gguf_writer.ts";
import { GUIDE, sampleFile, splitMetadata, tensor } from "../sample_gguf.ts";
import { tempDir } from "../temp_dir.ts";

const HUGE = 2 ** 50;
const start = (entries: number) =>
  Buffer.concat([Buffer.from("GGUF"), u32(3), u64(0), u64(entries)]);

/** False claims of files about themselves, each in a file of its own. */
const CORPUS: Readonly<Record<string, Uint8Array>> = {
  "empty": new Uint8Array(),
  "magic-only": Buffer.from("GGUF"),
  "text": Buffer.from("this is no model"),
  "entries": start(HUGE),
  "tokens": Buffer.concat([
    ...[start(1), text("tokenizer.ggml.tokens"), u32(9), u32(8), u64(2 ** 24 - 1)],
    Buffer.alloc(4096, 255),
  ]),
  "layers": sampleFile({ metadata: [entry("llama.block_count", 0xffffffff)] }),
  "window": sampleFile({
    metadata: [
      entry("general.architecture", "gemma3"),
      entry("gemma3.block_count", 0x7fffffff),
      entry("gemma3.attention.sliding_window", 0xffffffff),
    ],
  }),
  "tensors": Buffer.concat([Buffer.from("GGUF"), u32(3), u64(HUGE), u64(0)]),
  "negative": sampleFile({
    metadata: [{ key: "llama.context_length", type: 5, value: u32(2 ** 32 - 1) }],
  }),
  "shard-1-of-many-00001-of-99999": sampleFile({ metadata: splitMetadata(0, 99_999) }),
  "no-shard-00000-of-00000": sampleFile(),
  "late-shard-00007-of-00003": sampleFile({ metadata: splitMetadata(2, 3) }),
  "other-00001-of-00002": sampleFile({ metadata: splitMetadata(1, 2) }),
};

Deno.test("list() goes through a folder of lies, and says of each what is wrong", async () => {
  await using root = await tempDir();
  const folder = join(root.path, "models");
  await Deno.mkdir(join(folder, "folder.gguf"), { recursive: true });
  for (const [name, bytes] of Object.entries(CORPUS)) {
    await Deno.writeFile(join(folder, `${name}.gguf`), bytes);
  }
  // Links that lead in a circle, shards that are each other, and a folder that holds itself.
  await Deno.symlink("b.gguf", join(folder, "a.gguf"));
  await Deno.symlink("a.gguf", join(folder, "b.gguf"));
  await Deno.writeFile(
    join(folder, "twins-00001-of-00002.gguf"),
    sampleFile({ metadata: splitMetadata(0, 2) }),
  );
  await Deno.symlink("twins-00001-of-00002.gguf", join(folder, "twins-00002-of-00002.gguf"));
  await Deno.symlink(".", join(folder, "again"));
  // As large as a model by its length, and nothing in it.
  using hole = await Deno.open(join(folder, "hole.gguf"), { write: true, create: true });
  await hole.truncate(1e12);
  await Deno.writeFile(join(folder, "good.gguf"), sampleFile({ tensors: [tensor("a", [64])] }));

  const { models, broken } = await openLibrary({ modelsDir: null, dataDir: root.path, home: null })
    .list();
  const usable = ["good", "layers", "window"];
  assert.deepEqual([...new Set(models.map(({ name }) => name))].sort(), usable);
  const named = new Set(broken.map(({ name }) => name));
  for (const name of [...Object.keys(CORPUS), "hole", "twins"]) {
    const model = name.replace(/-\d{5}-of-\d{5}$/, "");
    assert.ok(named.has(model) || usable.includes(model), `${model} is not told of`);
  }
  assert.ok(broken.every(({ reason }) => reason.includes(folder)), "a reason names no file");
  assert.ok(models.every(({ header }) => Number.isFinite(header.kvHeads)));
});

Deno.test("list() survives a real model that is cut short anywhere", async () => {
  await using root = await tempDir();
  const folder = join(root.path, "models");
  await Deno.mkdir(folder);
  const guide = await Deno.readFile(GUIDE);
  const cuts = Array.from(
    { length: 60 },
    (_, index) => Math.floor(guide.length * (index / 60) ** 3),
  );
  for (const length of cuts) {
    await Deno.writeFile(join(folder, `cut-${length}.gguf`), guide.subarray(0, length));
  }
  const { models, broken } = await openLibrary({ modelsDir: null, dataDir: root.path, home: null })
    .list();
  assert.deepEqual([models, broken.length], [[], new Set(cuts).size]);
  assert.ok(broken.every(({ reason }) => /cut short|begin with GGUF/.test(reason)));
});
