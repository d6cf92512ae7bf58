import { AUTO_SHAPE } from "../../../src/models/mod.ts";
import { canDraftFor } from "../../../src/models/companions/pairing.ts";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { basename, join, relative } from "node:path";
import {
  draftsFor,
  type LocalModel,
  needBytes,
  openLibrary,
  withinMemory,
} from "../../../src/models/mod.ts";
import {
  entry,
  type MetadataEntry,
  type TensorToWrite,
  text,
  u32,
  u64,
} from "../../support/gguf_writer.ts";
import { sampleFile, tensor } from "../sample_gguf.ts";
import { tempDir } from "../temp_dir.ts";

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
async function listed(
  files: Readonly<Record<string, Uint8Array>>,
  expectedBroken: readonly string[] = [],
): Promise<LocalModel[]> {
  await using root = await tempDir();
  for (const [path, bytes] of Object.entries(files)) {
    await Deno.mkdir(join(root.path, "models", path, ".."), { recursive: true });
    await Deno.writeFile(join(root.path, "models", path), bytes);
  }
  const library = openLibrary({ modelsDir: null, dataDir: root.path, home: null });
  const { models, broken } = await library.list();
  assert.deepEqual(broken.map(({ name }) => name), expectedBroken);
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
    tensors: [tensor("v.patch", [size])],
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

/** The objections to the companions of each model. */
const unfit = (models: readonly LocalModel[]) =>
  Object.fromEntries(models.map(({ name, unfit = [] }) => [
    name,
    unfit.map(({ kind, path, reason }) => `${kind} ${basename(path)}: ${reason}`),
  ]));

Deno.test("list() judges a projector by its tensors, and says why one is not used", async () => {
  const clip = (tensors: TensorToWrite[], ...metadata: MetadataEntry[]) =>
    sampleFile({ metadata: [entry("general.architecture", "clip"), ...metadata], tensors });
  const models = await listed({
    // A LLaVA's header has the width of its eyes; a MiniCPM-V's has 0.
    "llava/llava-7b.gguf": model("a"),
    "llava/mmproj-model-f16.gguf": clip(
      [tensor("v.patch_embd.weight", [14, 14]), tensor("mm.2.weight", [32, 64])],
      entry("clip.vision.projection_dim", 768),
    ),
    "hears/text-1b.gguf": model("b"),
    "hears/mmproj-F16.gguf": clip(
      [tensor("a.conv1d.1.weight", [3, 64]), tensor("mm.a.mlp.2.weight", [16, 2048])],
      entry("clip.audio.projection_dim", 2048),
    ),
    "both/voice-1b.gguf": model("c"),
    "both/mmproj-ears.gguf": clip([tensor("a.b", [64]), tensor("mm.a.1.weight", [64])]),
    "renamed/mine.gguf": model("d"),
    "renamed/yours.gguf": model("e"),
    "renamed/mmproj-theirs-f16.gguf": projector(64),
    "empty/text-2b.gguf": model("f"),
    "empty/text-2b-mmproj-f16.gguf": clip([]),
    "half/text-3b.gguf": model("i"),
    "half/text-3b-mmproj-f16.gguf": projector(64).slice(0, -64),
    "repository/llama-3.2-1b-Q8_0.gguf": model("g"),
    "repository/llama-3.2-1b-Q4_0.gguf": model("h"),
    "repository/mmproj-ultravox-v0_5-f16.gguf": projector(64),
  }, ["text-2b-mmproj-f16", "text-3b-mmproj-f16"]);
  assert.deepEqual(
    models.map(({ name, projector }) => [name, projector?.path ?? null, projector?.sees]).sort(),
    [
      ["llama-3.2-1b-Q4_0", "repository/mmproj-ultravox-v0_5-f16.gguf", true],
      ["llama-3.2-1b-Q8_0", "repository/mmproj-ultravox-v0_5-f16.gguf", true],
      ["llava-7b", "llava/mmproj-model-f16.gguf", true],
      ["mine", null, undefined],
      ["text-1b", null, undefined],
      ["text-2b", null, undefined],
      ["text-3b", null, undefined],
      ["voice-1b", "both/mmproj-ears.gguf", false],
      ["yours", null, undefined],
    ],
  );
  const renamed =
    "its name says that it is for another model; if it is for this one, name it mmproj-";
  assert.deepEqual(unfit(models), {
    "llava-7b": [],
    "text-1b": [
      "projector mmproj-F16.gguf: it is made for a model of width 2048, and text-1b has 64",
    ],
    "voice-1b": [],
    "mine": [`projector mmproj-theirs-f16.gguf: ${renamed}mine.gguf`],
    "yours": [`projector mmproj-theirs-f16.gguf: ${renamed}yours.gguf`],
    "text-2b": ["projector text-2b-mmproj-f16.gguf: it holds no weights"],
    "text-3b": [
      "projector text-3b-mmproj-f16.gguf: it is cut short: its header says 512 bytes, the file has " +
      "448 bytes; copy or download it again",
    ],
    "llama-3.2-1b-Q4_0": [],
    "llama-3.2-1b-Q8_0": [],
  });
});

Deno.test("a file without weights is no model and drafts for none", async () => {
  const files = {
    "big.gguf": draftBytes(vocabulary(TOKENS), 65_536),
    "other.gguf": draftBytes(vocabulary(["a", "b"]), 65_536),
    "ggml-vocab.gguf": sampleFile({ metadata: vocabulary(TOKENS), tensors: [] }),
  };
  const models = await listed(files, ["ggml-vocab"]);
  assert.deepEqual(unfit(models), {
    big: ["draft ggml-vocab.gguf: it holds no weights"],
    other: [],
  });
  await using root = await tempDir();
  const path = join(root.path, "ggml-vocab.gguf");
  await Deno.writeFile(path, files["ggml-vocab.gguf"]);
  const library = openLibrary({ modelsDir: null, dataDir: root.path, home: null });
  await assert.rejects(library.resolve(path), /Cannot use .*ggml-vocab\.gguf: it holds no weights/);
});

Deno.test("withinMemory() leaves out a projector for which only the model itself has room", async () => {
  const [seeing] = await listed({
    "one/eyes-1b.gguf": model("a"),
    "one/mmproj-f16.gguf": projector(64, 1_000_000),
  });
  assert.ok(seeing?.projector);
  const both = needBytes(seeing, null);
  const alone = needBytes({ ...seeing, projector: null }, null);
  assert.ok(alone < both);
  assert.equal(withinMemory(seeing, both, AUTO_SHAPE), seeing);
  assert.equal(
    withinMemory(seeing, alone - 1, AUTO_SHAPE),
    seeing,
    "others may hold it with its projector",
  );
  const blind = withinMemory(seeing, both - 1, AUTO_SHAPE);
  assert.equal(blind.projector, null);
  assert.deepEqual(unfit([blind])["eyes-1b"], [
    "projector mmproj-f16.gguf: the two would not fit into this machine's memory",
  ]);
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

Deno.test("draftsFor() takes models of the same vocabulary that are a fraction of it, the smallest first", async () => {
  const models = await listed({
    "big.gguf": sampleFile({ metadata: vocabulary(TOKENS), tensors: [tensor("b", [65_536, 4])] }),
    "small.gguf": draftBytes(vocabulary(TOKENS)),
    "smaller-of-another.gguf": draftBytes(vocabulary(TOKENS.map((token) => `${token}!`))),
    "small-too.gguf": draftBytes(vocabulary(TOKENS), 96),
    "half.gguf": draftBytes(vocabulary(TOKENS), 131_072),
  });
  const of = (name: string) => models.find((one) => one.name === name)!;
  const drafts = draftsFor(of("big"), models).map(({ name }) => name);
  assert.deepEqual(drafts, ["small", "small-too"]);
  assert.deepEqual(draftsFor(of("small"), models), []);
  const experts = { ...of("big"), header: { ...of("big").header, expertCount: 128 } };
  assert.deepEqual(draftsFor(experts, models), []);
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
    "of-an-encoder": draftBytes([
      ...vocabulary(TOKENS),
      entry("general.architecture", "modern-bert"),
      entry("modern-bert.block_count", 2),
    ]),
  };
  const models = await listed(
    Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`${name}.gguf`, bytes])),
  );
  const target = models.find(({ name }) => name === "target")!;
  const able = models.filter((draft) => canDraftFor(draft, target)).map(({ name }) => name);
  assert.deepEqual(able.sort(), ["same", "target"]);
});
