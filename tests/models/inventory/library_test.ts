import assert from "node:assert/strict";
import { join } from "node:path";
import {
  checkModelsDir,
  InvalidGgufError,
  InvalidModelNameError,
  type Library,
  ModelNotFoundError,
  openLibrary,
  SeveralModelsError,
} from "../../../src/models/mod.ts";
import { GUIDE, sampleFile, splitMetadata, tensor } from "../sample_gguf.ts";
import { tempDir } from "../temp_dir.ts";

interface Places {
  readonly library: Library;
  /** `--models-dir`, the data directory's folder, the one in the home. */
  readonly folders: readonly [string, string, string];
  write(folder: string, name: string, bytes: Uint8Array): Promise<string>;
}

/** A library with its three folders below `root`. */
async function places(root: string): Promise<Places> {
  const folders = [
    join(root, "given"),
    join(root, "data/models"),
    join(root, "home/.models"),
  ] as const;
  for (const folder of folders) await Deno.mkdir(folder, { recursive: true });
  return {
    library: openLibrary({
      modelsDir: folders[0],
      dataDir: join(root, "data"),
      home: join(root, "home"),
    }),
    folders,
    write: async (folder, name, bytes) => {
      const path = join(folder, name);
      await Deno.mkdir(join(path, ".."), { recursive: true });
      await Deno.writeFile(path, bytes);
      return path;
    },
  };
}

/** The shards of one model; the first has no tensors, as gguf-split can write it. */
const SHARDS = [
  sampleFile({ metadata: splitMetadata(0, 3), tensors: [] }),
  sampleFile({ metadata: splitMetadata(1, 3), tensors: [tensor("a", [64])] }),
  sampleFile({ metadata: splitMetadata(2, 3), tensors: [tensor("b", [64])] }),
];

function shardFile(index: number): string {
  return `big-0000${index + 1}-of-00003.gguf`;
}

function assertError(type: new (...args: never[]) => Error, ...texts: readonly string[]) {
  return (error: unknown) => {
    assert.ok(error instanceof type);
    for (const text of texts) assert.ok(error.message.includes(text), error.message);
    return true;
  };
}

Deno.test("resolve() writes the guide on first use and again when it differs", async () => {
  await using root = await tempDir();
  const { library, folders } = await places(root.path);
  const path = join(folders[1], "guide.gguf");
  const embedded = await Deno.readFile(GUIDE);

  const first = await library.resolve("guide");
  assert.deepEqual([first.name, first.path, first.sizeBytes], ["guide", path, embedded.length]);
  assert.deepEqual(await Deno.readFile(path), embedded);

  const written = (await Deno.stat(path)).ino;
  await library.resolve("guide");
  assert.equal((await Deno.stat(path)).ino, written);

  await Deno.writeFile(path, embedded.with(embedded.length - 1, 77));
  assert.deepEqual(await library.resolve("guide"), first);
  assert.deepEqual(await Deno.readFile(path), embedded);
  assert.deepEqual((await Array.fromAsync(Deno.readDir(folders[1]))).map((e) => e.name), [
    "guide.gguf",
  ]);
});

Deno.test("resolve() finds a name in its folders, and of copies the one in the given folder", async () => {
  await using root = await tempDir();
  const { library, folders, write } = await places(root.path);
  for (const [folder, path] of [[2, "m.gguf"], [1, "m.gguf"], [0, "org/m.gguf"]] as const) {
    await write(folders[folder], path, sampleFile());
    assert.equal((await library.resolve("m")).path, join(folders[folder], path));
  }
  assert.deepEqual((await library.list()).models.map(({ path }) => path), [
    join(folders[0], "org/m.gguf"),
  ]);
});

// The file in the first folder hid the other, of which its user may have thought.
Deno.test("resolve() asks which of two files of one name is meant, and list() has both", async () => {
  await using root = await tempDir();
  const { library, folders, write } = await places(root.path);
  const a = await write(folders[0], "m.gguf", sampleFile());
  const b = await write(folders[2], "m.gguf", sampleFile({ tensors: [tensor("b", [64])] }));
  await write(folders[1], "m.gguf", sampleFile());
  const { models } = await library.list();
  const [idA = "", idB = ""] = models.map(({ fingerprint }) => `m@${fingerprint.slice(0, 8)}`);
  assert.deepEqual(models.map(({ path }) => path), [a, b]);
  await assert.rejects(library.resolve("m"), assertError(SeveralModelsError, idA, a, idB, b));
  for (const [id, path] of [[idA, a], [idB, b], [`m@${models[1]?.fingerprint}`, b]] as const) {
    const model = await library.resolve(id);
    assert.deepEqual([model.name, model.path], ["m", path]);
  }
  await assert.rejects(library.resolve("m@00000000"), assertError(Error, "m@00000000"));
  assert.equal((await library.resolve(a)).path, a);
  await Deno.remove(a);
  await Deno.remove(join(folders[1], "m.gguf"));
  assert.equal((await library.resolve("m")).path, b);
});

Deno.test("resolve() takes a path, and the name is the file's stem", async () => {
  await using root = await tempDir();
  const { library, write } = await places(root.path);
  const path = await write(root.path, "elsewhere/My.Model-Q8_0.gguf", sampleFile());
  const model = await library.resolve(path);
  assert.deepEqual([model.name, model.path, model.shards], ["My.Model-Q8_0", path, [path]]);
});

Deno.test("resolve() looks for a bare file name in its folders too", async () => {
  await using root = await tempDir();
  const { library, folders, write } = await places(root.path);
  const path = await write(folders[2], "bare.gguf", sampleFile());
  assert.equal((await library.resolve("bare.gguf")).path, path);
});

Deno.test("resolve() takes all shards as one model, whichever is named", async () => {
  await using root = await tempDir();
  const { library, folders, write } = await places(root.path);
  const paths: string[] = [];
  for (const [index, bytes] of SHARDS.entries()) {
    paths.push(await write(folders[0], shardFile(index), bytes));
  }
  const model = await library.resolve("big");
  assert.deepEqual(model, await library.resolve(paths[2] ?? ""));
  assert.deepEqual([model.name, model.path, model.shards], ["big", paths[0], paths]);
  assert.equal(model.sizeBytes, SHARDS.reduce((sum, shard) => sum + shard.length, 0));
});

for (const missing of [0, 1, 2]) {
  Deno.test(`resolve() names shard ${missing + 1} when it is missing`, async () => {
    await using root = await tempDir();
    const { library, folders, write } = await places(root.path);
    for (const [index, bytes] of SHARDS.entries()) {
      if (index !== missing) await write(folders[0], shardFile(index), bytes);
    }
    await assert.rejects(
      library.resolve("big"),
      assertError(InvalidGgufError, shardFile(missing), "missing"),
    );
  });
}

Deno.test("resolve() refuses shards that were renamed into each other's place", async () => {
  await using root = await tempDir();
  const { library, folders, write } = await places(root.path);
  for (const [index, from] of [0, 2, 1].entries()) {
    await write(folders[0], shardFile(index), SHARDS[from] ?? new Uint8Array());
  }
  await assert.rejects(
    library.resolve("big"),
    assertError(InvalidGgufError, "it is shard 3 of 3, and its name says 2 of 3"),
  );
});

Deno.test("resolve() tells where it looked for a name and what is there", async () => {
  await using root = await tempDir();
  const { library, folders, write } = await places(root.path);
  await write(folders[1], "other.gguf", sampleFile());
  await assert.rejects(
    library.resolve("nothing"),
    assertError(ModelNotFoundError, "nothing", ...folders, "Found there: other"),
  );
});

Deno.test("resolve() refuses what can't be served, with the reason", async () => {
  await using root = await tempDir();
  const { library, write } = await places(root.path);
  const file = (name: string, bytes: Uint8Array) => write(root.path, name, bytes);
  const cut = await file("cut.gguf", sampleFile({ tensors: [tensor("a", [64])] }).slice(0, -64));
  const text = await file("text.gguf", new TextEncoder().encode("no model at all"));
  const dotted = await file("my..model.gguf", sampleFile());
  const missing = join(root.path, "missing.gguf");
  await assert.rejects(library.resolve(cut), assertError(InvalidGgufError, cut, "is cut short"));
  await assert.rejects(library.resolve(text), assertError(InvalidGgufError, text, "GGUF"));
  await assert.rejects(library.resolve(dotted), assertError(InvalidModelNameError, "rename"));
  await assert.rejects(library.resolve(missing), assertError(ModelNotFoundError, missing));
  await assert.rejects(
    library.resolve(root.path),
    assertError(ModelNotFoundError, "it is a folder", `--model ${cut}`, "In it: cut.gguf"),
  );
});

Deno.test("resolve() says how to get what is not here", async () => {
  await using root = await tempDir();
  const { library, folders, write } = await places(root.path);
  const fails = (model: string, ...texts: readonly string[]) =>
    assert.rejects(library.resolve(model), assertError(ModelNotFoundError, model, ...texts));
  await fails("org/repo:Q4_K_M", "get it with mesh-llm download org/repo:Q4_K_M");
  await fails("Qwen3-8B-Q4_K_M", "in the catalog", "mesh-llm download Qwen3-8B-Q4_K_M (5 GB)");
  const url = "https://hub.example/o/r/resolve/main/some-Q4_0.gguf";
  await fails(url, `mesh-llm download ${url}`, "--model some-Q4_0");
  await fails("nothing", "get it with mesh-llm download");
  const path = await write(folders[0], "deep/one.gguf", sampleFile());
  await write(folders[0], "deep/two.gguf", sampleFile());
  await fails(
    folders[0],
    "it is a folder",
    `--model ${path}`,
    "In it: deep/one.gguf, deep/two.gguf",
  );
  await Deno.mkdir(join(root.path, "none.gguf"));
  await fails(join(root.path, "none.gguf"), "it is a folder; no GGUF file is in it");
});

Deno.test("checkModelsDir() refuses what is no folder, and makes none", async () => {
  await using root = await tempDir();
  await Deno.writeTextFile(join(root.path, "file"), "");
  const at = (name: string) => join(root.path, name);
  await assert.rejects(checkModelsDir(at("modles")), /modles .*no such folder.*mkdir -p/);
  await assert.rejects(checkModelsDir(at("file")), /it is not a folder/);
  await assert.rejects(checkModelsDir(at("file/below")), /Cannot use .*below for --models-dir/);
  await checkModelsDir(root.path);
  await checkModelsDir(null);
  assert.deepEqual((await Array.fromAsync(Deno.readDir(root.path))).map(({ name }) => name), [
    "file",
  ]);
});

Deno.test("list() has every model once, and broken files with their reasons", async () => {
  await using root = await tempDir();
  const { library, folders, write } = await places(root.path);
  await library.resolve("guide");
  for (const [index, bytes] of SHARDS.entries()) await write(folders[0], shardFile(index), bytes);
  await write(folders[0], "deep/er/still/one.gguf", sampleFile());
  await write(folders[0], "too/deep/to/be/seen.gguf", sampleFile());
  await Deno.symlink(join(folders[0], "deep/er/still/one.gguf"), join(folders[2], "one.gguf"));
  await write(
    folders[2],
    "mmproj.gguf",
    sampleFile({ metadata: [{ key: "llama.block_count", type: 4, value: new Uint8Array(4) }] }),
  );
  await write(
    folders[2],
    "half-00001-of-00002.gguf",
    sampleFile({ metadata: splitMetadata(0, 2) }),
  );
  await write(folders[2], "notes.txt", new Uint8Array(10));
  await Deno.symlink("nowhere.gguf", join(folders[2], "dangling.gguf"));

  const { models, broken } = await library.list();
  assert.deepEqual(models.map((model) => model.name).sort(), ["big", "guide", "one"]);
  assert.deepEqual(broken.map(({ name, reason }) => [name, reason.replace(/^.*: /, "")]).sort(), [
    ["dangling", "it is a link to something that is not there"],
    ["half", "this shard of 2 is missing"],
    ["mmproj", "it holds no layers of a language model (architecture llama)"],
  ]);
});

/** Nothing of this may end a look, and no file hides another. A real device, not a fake: reading it says EINVAL. */
const UNREADABLE = "/sys/class/net/lo/speed";

Deno.test({
  name: "list() tells of what can't be read, and reads all the rest",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using root = await tempDir();
    const { library, folders, write } = await places(root.path);
    const at = (name: string) => join(folders[0], name);
    await write(folders[0], "good.gguf", sampleFile());
    await write(folders[0], "below.gguf/fine.gguf", sampleFile({ tensors: [tensor("b", [64])] }));
    await write(folders[0], "cut.gguf", sampleFile().slice(0, -64));
    await Deno.symlink(UNREADABLE, at("link.gguf"));
    await Deno.symlink("circle.gguf", at("circle.gguf"));
    await Deno.symlink("/dev/zero", at("device.gguf"));
    await Deno.symlink(`/${"x".repeat(300)}`, at("long.gguf"));
    await Deno.symlink("..", at("below.gguf/up"));
    await Deno.mkdir(at("empty.gguf"));
    const mkfifo = new Deno.Command("mkfifo", { args: [at("pipe.gguf")] });
    assert.ok((await mkfifo.output()).success);
    using socket = Deno.listen({ transport: "unix", path: at("socket.gguf") });

    const { models, broken } = await library.list();
    assert.deepEqual(models.map(({ name }) => name).sort(), ["fine", "good"]);
    const reasons = broken.map(({ name, path, reason }) => {
      assert.ok(reason.startsWith(`Cannot use ${path}: `), reason);
      return [name, reason.slice(`Cannot use ${path}: `.length)];
    });
    assert.equal(socket.addr.transport, "unix");
    assert.deepEqual(reasons.sort(), [
      ["circle", "it is a link that leads back to itself"],
      ["cut", reasons.find(([name]) => name === "cut")?.[1]],
      ["device", "it is not a file"],
      ["empty", "it is a folder, and no model is in it"],
      ["link", "it can't be read: invalid argument"],
      ["long", "its link can't be followed: file name too long"],
      ["pipe", "it is not a file"],
      ["socket", "it is not a file"],
    ]);
    for (const [name = "", reason = ""] of reasons) {
      await assert.rejects(library.resolve(name), assertError(Error, reason, at(`${name}.gguf`)));
    }
  },
});

Deno.test("resolve() and list() take the first copy that can be used, and say so", async () => {
  await using root = await tempDir();
  const { library, folders, write } = await places(root.path);
  const half = await write(folders[0], "m.gguf", sampleFile().slice(0, -64));
  await assert.rejects(library.resolve("m"), assertError(InvalidGgufError, half, "cut short"));
  const whole = await write(folders[2], "m.gguf", sampleFile());
  assert.equal((await library.resolve("m")).path, whole);
  await assert.rejects(library.resolve(half), assertError(InvalidGgufError, half, "cut short"));
  const { models, broken } = await library.list();
  assert.deepEqual(models.map(({ path }) => path), [whole]);
  assert.deepEqual(broken.map(({ path }) => path), [half]);
  assert.match(
    broken[0]?.reason ?? "",
    new RegExp(`cut short.*\\. ${whole} is used in its place$`),
  );
});

Deno.test("list() is empty where no folder exists", async () => {
  const library = openLibrary({ modelsDir: "/no/such/folder", dataDir: "/nor/this", home: null });
  assert.deepEqual(await library.list(), { models: [], broken: [] });
});
