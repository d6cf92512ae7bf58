import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join, relative } from "node:path";
import { canDraftFor, draftFor, type LocalModel, openLibrary } from "../../src/models/mod.ts";
import { entry, type MetadataEntry, text, u32, u64 } from "../support/gguf_writer.ts";
import { sampleFile, tensor } from "./sample_gguf.ts";
import { tempDir } from "./temp_dir.ts";

function vocabulary(tokens: readonly string[], model = "gpt2", pre = "qwen2"): MetadataEntry[] {
  const value = Buffer.concat([u32(8), u64(tokens.length), ...tokens.map(text)]);
  return [
    entry("tokenizer.ggml.model", model),
    entry("tokenizer.ggml.pre", pre),
    { key: "tokenizer.ggml.tokens", type: 9, value },
  ];
}

const TOKENS = Array.from({ length: 500 }, (_, index) => `t${index}`);

/** Files by their path below the models folder -> what the library makes of them. */
async function listed(files: Readonly<Record<string, Uint8Array>>): Promise<LocalModel[]> {
  await using root = await tempDir();
  for (const [path, bytes] of Object.entries(files)) {
    await Deno.mkdir(join(root.path, "models", path, ".."), { recursive: true });
    await Deno.writeFile(join(root.path, "models", path), bytes);
  }
  const library = openLibrary({ modelsDir: null, dataDir: root.path, home: null });
  const { models, broken } = await library.list();
  assert.deepEqual(broken, []);
  return models.map((model) => ({
    ...model,
    projector: model.projector === null
      ? null
      : { ...model.projector, path: relative(join(root.path, "models"), model.projector.path) },
  }));
}

function projector(width: number, size = 64): Uint8Array {
  return sampleFile({
    metadata: [entry("general.architecture", "clip"), entry("clip.vision.projection_dim", width)],
    tensors: [tensor("v", [size])],
  });
}

const model = (name: string) => sampleFile({ tensors: [tensor(name, [64])] });

Deno.test("list() pairs a projector with the model beside it, of its width and name", async () => {
  const models = await listed({
    "one/gemma-3-4b-it-Q4_K_M.gguf": model("a"),
    "one/mmproj-model-f16.gguf": projector(64),
    "flat/Qwen-VL-7B-Q4_K_M.gguf": model("b"),
    "flat/Other-7B-Q4_K_M.gguf": model("c"),
    "flat/mmproj-Qwen-VL-7B-f16.gguf": projector(64, 96),
    "flat/mmproj-Qwen-VL-7B-Q8_0.gguf": projector(64),
    "wide/wide-model.gguf": model("d"),
    "wide/mmproj-f16.gguf": projector(4096),
    "alone/mmproj-f16.gguf": projector(64),
  });
  assert.deepEqual(
    Object.fromEntries(models.map(({ name, projector }) => [name, projector?.path ?? null])),
    {
      "gemma-3-4b-it-Q4_K_M": "one/mmproj-model-f16.gguf",
      "Qwen-VL-7B-Q4_K_M": "flat/mmproj-Qwen-VL-7B-Q8_0.gguf",
      "Other-7B-Q4_K_M": null,
      "wide-model": null,
    },
  );
});

Deno.test("resolve() finds the projector of a model that is named by its path, and serves none alone", async () => {
  await using root = await tempDir();
  await Deno.writeFile(join(root.path, "m.gguf"), model("a"));
  await Deno.writeFile(join(root.path, "mmproj-f16.gguf"), projector(64));
  const library = openLibrary({ modelsDir: null, dataDir: root.path, home: null });
  const found = await library.resolve(join(root.path, "m.gguf"));
  assert.equal(found.projector?.path, join(root.path, "mmproj-f16.gguf"));
  await assert.rejects(library.resolve(join(root.path, "mmproj-f16.gguf")), /of no use alone/);
});

const draftBytes = (metadata: MetadataEntry[], size = 64) =>
  sampleFile({ metadata, tensors: [tensor("d", [size])] });

Deno.test("draftFor() takes the smallest model of the same vocabulary that is a fraction of it", async () => {
  const models = await listed({
    "big.gguf": sampleFile({ metadata: vocabulary(TOKENS), tensors: [tensor("b", [65_536, 4])] }),
    "small.gguf": draftBytes(vocabulary(TOKENS)),
    "smaller-of-another.gguf": draftBytes(vocabulary(TOKENS.map((token) => `${token}!`))),
    "half.gguf": draftBytes(vocabulary(TOKENS), 131_072),
  });
  const of = (name: string) => models.find((one) => one.name === name)!;
  assert.equal(draftFor(of("big"), models)?.name, "small");
  assert.equal(draftFor(of("small"), models), undefined);
  const experts = { ...of("big"), header: { ...of("big").header, expertCount: 128 } };
  assert.equal(draftFor(experts, models), undefined);
});

Deno.test("canDraftFor() compares tokenizer, vocabulary and kind, as llama.cpp does", async () => {
  const files: Record<string, Uint8Array> = {
    target: draftBytes(vocabulary(TOKENS)),
    same: draftBytes(vocabulary(TOKENS), 96),
    "of-other-tokens": draftBytes(vocabulary([...TOKENS.slice(0, -1), "other"])),
    "of-other-kind": draftBytes(vocabulary(TOKENS, "llama")),
    "cut-otherwise": draftBytes(vocabulary(TOKENS, "gpt2", "llama-bpe")),
    "without-one": draftBytes([]),
    "for-embeddings": draftBytes([...vocabulary(TOKENS), entry("llama.pooling_type", 1)]),
  };
  const models = await listed(
    Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`${name}.gguf`, bytes])),
  );
  const target = models.find(({ name }) => name === "target")!;
  const able = models.filter((draft) => canDraftFor(draft, target)).map(({ name }) => name);
  assert.deepEqual(able.sort(), ["same", "target"]);
});
