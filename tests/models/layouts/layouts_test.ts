import assert from "node:assert/strict";
import { dirname, join, relative } from "node:path";
import { type ModelEnvironment, openLibrary } from "../../../src/models/mod.ts";
import { entry } from "../../support/gguf_writer.ts";
import { sampleFile, tensor } from "../sample_gguf.ts";
import { tempDir } from "../temp_dir.ts";

type Content = Uint8Array | string;

/** A model that no other is like. */
const model = (name: string) => sampleFile({ tensors: [tensor(name, [64])] });
const cut = (name: string) => model(name).slice(0, -64);
const projector = () =>
  sampleFile({
    metadata: [entry("general.architecture", "clip")],
    tensors: [tensor("v.patch", [64]), tensor("mm.0.weight", [32, 64])],
  });
const link = (to: string) => `-> ${to}`;

/** The models in a home with these files, by their names; paths are relative to it. */
async function listed(
  files: Readonly<Record<string, Content>>,
  environment: ModelEnvironment = {},
) {
  await using root = await tempDir();
  const home = root.path;
  for (const [path, content] of Object.entries(files)) {
    const file = join(home, path);
    await Deno.mkdir(dirname(file), { recursive: true });
    if (typeof content !== "string") await Deno.writeFile(file, content);
    else if (content.startsWith("-> ")) await Deno.symlink(content.slice(3), file);
    else await Deno.writeTextFile(file, content.replaceAll("HOME", home));
  }
  const atHome = Object.entries(environment).map(([key, path]) => [key, path && join(home, path)]);
  const library = openLibrary({
    modelsDir: null,
    dataDir: join(home, "data"),
    home,
    environment: Object.fromEntries(atHome),
  });
  const { models, broken } = await library.list();
  const resolved = await Promise.all(models.map(({ name }) => library.resolve(name)));
  assert.deepEqual(resolved.map(({ path }) => path), models.map(({ path }) => path));
  assert.deepEqual(
    resolved.map(({ projector }) => projector?.path),
    models.map(({ projector }) => projector?.path),
  );
  return {
    models: Object.fromEntries(models.map(({ name, path }) => [name, relative(home, path)])),
    projectors: Object.fromEntries(
      models.flatMap(({ name, projector }) =>
        projector === null ? [] : [[name, relative(home, projector.path)]]
      ),
    ),
    broken: broken.map(({ reason }) => reason.replaceAll(`${home}/`, "")),
  };
}

const HUB = ".cache/huggingface/hub/models--org--repo";

Deno.test("of Hugging Face's cache the commit of refs/main counts", async () => {
  const files = {
    [`${HUB}/refs/main`]: "bbb",
    [`${HUB}/blobs/1`]: model("of b"),
    [`${HUB}/snapshots/aaa/m.gguf`]: model("of a"),
    [`${HUB}/snapshots/aaa/only.gguf`]: model("of a only"),
    [`${HUB}/snapshots/bbb/m.gguf`]: link("../../blobs/1"),
    [`${HUB}/snapshots/ccc/m.gguf`]: model("of c"),
  };
  assert.deepEqual(await listed(files), {
    models: { m: `${HUB}/snapshots/bbb/m.gguf`, only: `${HUB}/snapshots/aaa/only.gguf` },
    projectors: {},
    broken: [],
  });
});

Deno.test("an unusable file of the commit that counts is replaced, with a note", async () => {
  assert.deepEqual(
    await listed({
      [`${HUB}/refs/main`]: "bbb",
      [`${HUB}/snapshots/aaa/m.gguf`]: model("of a"),
      [`${HUB}/snapshots/bbb/m.gguf`]: link("../../blobs/missing"),
    }),
    {
      models: { m: `${HUB}/snapshots/aaa/m.gguf` },
      projectors: {},
      broken: [
        `Cannot use ${HUB}/snapshots/bbb/m.gguf: it is a link to something that is not there. ` +
        `${HUB}/snapshots/aaa/m.gguf is used in its place`,
      ],
    },
  );
});

Deno.test("variables say where the caches of Hugging Face, llama.cpp and Ollama are", async () => {
  const at = (folder: string, name: string) => ({
    [`${folder}/models--o--r/snapshots/a/${name}.gguf`]: model(name),
  });
  const everywhere = {
    ...at("cache-variable", "cache"),
    ...at("old-variable", "old"),
    ...at("home-variable/hub", "home"),
    ...at("xdg/huggingface/hub", "xdg"),
    ...at(".cache/huggingface/hub", "default"),
    "llama/by-variable.gguf": model("llama"),
    "xdg/llama.cpp/by-xdg.gguf": model("llama xdg"),
    ".cache/llama.cpp/by-default.gguf": model("llama default"),
  };
  const names = async (environment: ModelEnvironment) =>
    Object.keys((await listed(everywhere, environment)).models).sort();
  assert.deepEqual(await names({}), ["by-default", "default"]);
  assert.deepEqual(await names({ XDG_CACHE_HOME: "xdg" }), ["by-xdg", "xdg"]);
  const home = { XDG_CACHE_HOME: "xdg", HF_HOME: "home-variable" };
  assert.deepEqual(await names(home), ["by-xdg", "home"]);
  const old = { ...home, HUGGINGFACE_HUB_CACHE: "old-variable", LLAMA_CACHE: "llama" };
  assert.deepEqual(await names(old), ["by-variable", "old"]);
  assert.deepEqual(await names({ ...old, HF_HUB_CACHE: "cache-variable", HF_HOME: "" }), [
    "by-variable",
    "cache",
  ]);
});

Deno.test("LM Studio's settings say where its models are", async () => {
  assert.deepEqual(
    await listed({
      ".lmstudio-home-pointer": "HOME/studio\n",
      "studio/settings.json": '{ "downloadsFolder": "HOME/disk" }',
      "disk/org/repo/a.gguf": model("a"),
      "studio/models/org/repo/b.gguf": model("b"),
      ".lmstudio/models/org/repo/c.gguf": model("c"),
    }),
    {
      models: {
        a: "disk/org/repo/a.gguf",
        b: "studio/models/org/repo/b.gguf",
        c: ".lmstudio/models/org/repo/c.gguf",
      },
      projectors: {},
      broken: [],
    },
  );
});

Deno.test("llama.cpp's cache says what its files are called, and which projector is theirs", async () => {
  const cache = ".cache/llama.cpp";
  const manifest = (file: string, projector?: string) =>
    JSON.stringify({
      ggufFile: { rfilename: file, size: 1 },
      ...(projector === undefined ? {} : { mmprojFile: { rfilename: projector } }),
    });
  assert.deepEqual(
    await listed({
      [`${cache}/manifest=org=eyes-GGUF=latest.json`]: manifest(
        "q4/eyes-Q4_K_M.gguf",
        "mmproj-model-f16.gguf",
      ),
      [`${cache}/org_eyes-GGUF_q4_eyes-Q4_K_M.gguf`]: model("eyes"),
      [`${cache}/org_eyes-GGUF_mmproj-model-f16.gguf`]: projector(),
      [`${cache}/manifest=org=text=Q8_0.json`]: manifest("text-Q8_0.gguf"),
      [`${cache}/org_text_text-Q8_0.gguf`]: model("text"),
      [`${cache}/manifest=org=gone=Q8_0.json`]: manifest("gone-Q8_0.gguf"),
      [`${cache}/manifest=org=torn=Q8_0.json`]: "{",
      [`${cache}/by-url.gguf`]: model("url"),
    }),
    {
      models: {
        "by-url": `${cache}/by-url.gguf`,
        "eyes-Q4_K_M": `${cache}/org_eyes-GGUF_q4_eyes-Q4_K_M.gguf`,
        "text-Q8_0": `${cache}/org_text_text-Q8_0.gguf`,
      },
      projectors: { "eyes-Q4_K_M": `${cache}/org_eyes-GGUF_mmproj-model-f16.gguf` },
      broken: [],
    },
  );
});

const digest = (sign: string) => sign.repeat(64);
const layers = (...kinds: readonly (readonly [kind: string, sign: string])[]) =>
  JSON.stringify({
    schemaVersion: 2,
    layers: kinds.map(([kind, sign]) => ({
      mediaType: `application/vnd.ollama.image.${kind}`,
      digest: `sha256:${digest(sign)}`,
      size: 1,
    })),
  });

Deno.test("Ollama's manifests name its blobs", async () => {
  const ollama = ".ollama/models";
  const blob = (sign: string) => `${ollama}/blobs/sha256-${digest(sign)}`;
  const library = `${ollama}/manifests/registry.ollama.ai/library`;
  const files = {
    [blob("a")]: model("a"),
    [blob("b")]: model("b"),
    [blob("c")]: projector(),
    [blob("d")]: cut("d"),
    [`${library}/llama3.2/latest`]: layers(["model", "a"], ["template", "e"]),
    [`${library}/llama3.2/3b`]: layers(["model", "a"], ["template", "e"]),
    [`${library}/llava/7b`]: layers(["model", "b"], ["projector", "c"]),
    [`${library}/half/latest`]: layers(["model", "d"]),
    [`${library}/gone/latest`]: layers(["model", "f"]),
    [`${library}/cloud/latest`]: layers(["params", "e"]),
    [`${library}/tuned/latest`]: layers(["model", "a"], ["adapter", "e"]),
    [`${library}/torn/latest`]: "{",
    [`${ollama}/manifests/registry.ollama.ai/ann/mine/v1`]: layers(["model", "a"]),
    [`${ollama}/manifests/hf.co/org/repo/Q4_K_M`]: layers(["model", "b"]),
  };
  const expected = {
    models: {
      "ann/mine:v1": blob("a"),
      "hf.co/org/repo:Q4_K_M": blob("b"),
      "llama3.2:3b": blob("a"),
      "llama3.2:latest": blob("a"),
      "llava:7b": blob("b"),
    },
    projectors: { "llava:7b": blob("c") },
  };
  const { broken, ...found } = await listed(files);
  assert.deepEqual(found, expected);
  const cutShort = "it is cut short: its header says 480 bytes, the file has 416 bytes; " +
    "copy or download it again";
  assert.deepEqual(broken.toSorted(), [
    `Cannot use Ollama's torn:latest (${library}/torn/latest): its manifest is not one`,
    `Cannot use Ollama's tuned:latest (${library}/tuned/latest): it needs an adapter beside the model`,
    `gone:latest: Cannot use ${blob("f")}: it is gone`,
    `half:latest: Cannot use ${blob("d")}: ${cutShort}`,
  ]);
  const moved = Object.entries(files).map((
    [path, content],
  ) => [path.replace(ollama, "elsewhere"), content]);
  const { models } = await listed(Object.fromEntries(moved), { OLLAMA_MODELS: "elsewhere" });
  assert.deepEqual(Object.keys(models).sort(), Object.keys(expected.models).sort());
});

Deno.test("resolve() takes Ollama's name without its usual tag", async () => {
  await using root = await tempDir();
  const at = (path: string) => join(root.path, ".ollama/models", path);
  await Deno.mkdir(at("blobs"), { recursive: true });
  await Deno.mkdir(at("manifests/registry.ollama.ai/library/llama3.2"), { recursive: true });
  await Deno.writeFile(at(`blobs/sha256-${digest("a")}`), model("a"));
  await Deno.writeTextFile(
    at("manifests/registry.ollama.ai/library/llama3.2/latest"),
    layers(["model", "a"]),
  );
  const library = openLibrary({ modelsDir: null, dataDir: root.path, home: root.path });
  assert.equal((await library.resolve("llama3.2")).name, "llama3.2:latest");
  await assert.rejects(library.resolve("llama3"), /Found there: llama3\.2:latest/);
});
