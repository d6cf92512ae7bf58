import { getLogger } from "@logtape/logtape";
import assert from "node:assert/strict";
import { join } from "node:path";
import { ModelInventory, openLibrary } from "../../../src/models/mod.ts";
import { sampleFile, tensor } from "../sample_gguf.ts";
import { tempDir } from "../temp_dir.ts";

function libraryAt(root: string) {
  return openLibrary({ modelsDir: null, dataDir: join(root, "data"), home: join(root, "home") });
}

async function write(path: string, bytes: Uint8Array): Promise<void> {
  await Deno.mkdir(join(path, ".."), { recursive: true });
  await Deno.writeFile(path, bytes);
}

Deno.test("list() finds what other tools have fetched", async () => {
  await using root = await tempDir();
  const home = join(root.path, "home");
  const file = (name: string) => sampleFile({ tensors: [tensor(name, [64])] });
  await write(join(home, ".models/own.gguf"), file("a"));
  await write(join(home, ".lmstudio/models/org/repo/studio.gguf"), file("b"));
  const hub = join(home, ".cache/huggingface/hub/models--org--repo");
  await write(join(hub, "blobs/abc"), file("c"));
  const snapshot = join(hub, "snapshots/1234/Q4_K_M");
  await Deno.mkdir(snapshot, { recursive: true });
  await Deno.symlink("../../../blobs/abc", join(snapshot, "hub.gguf"));
  const { models, broken } = await libraryAt(root.path).list();
  assert.deepEqual([models.map(({ name }) => name).sort(), broken], [["hub", "own", "studio"], []]);
});

Deno.test("list() reads an unchanged file once, also over restarts, and a changed one again", async () => {
  await using root = await tempDir();
  const path = join(root.path, "data/models/m.gguf");
  await write(path, sampleFile({ tensors: [tensor("a", [64])] }));
  const first = await libraryAt(root.path).list();
  // Whatever stands in the cache now is what a look at an unchanged file answers.
  const cache = join(root.path, "data/cache/models.json");
  const text = await Deno.readTextFile(cache);
  await Deno.writeTextFile(cache, text.replaceAll('"llama"', '"from the cache"'));
  const second = await libraryAt(root.path).list();
  assert.equal(second.models[0]?.header.architecture, "from the cache");
  await write(path, sampleFile({ tensors: [tensor("a", [128])] }));
  const third = await libraryAt(root.path).list();
  assert.equal(third.models[0]?.header.architecture, "llama");
  assert.notEqual(third.models[0]?.fingerprint, first.models[0]?.fingerprint);
});

Deno.test("list() does without a cache that is damaged or of another version", async () => {
  await using root = await tempDir();
  await write(join(root.path, "data/models/m.gguf"), sampleFile());
  const good = await libraryAt(root.path).list();
  const cache = join(root.path, "data/cache/models.json");
  const text = await Deno.readTextFile(cache);
  for (
    const bad of ["", "{", text.slice(0, -20), text.replace('"version":1', '"version":0'), "[]"]
  ) {
    await Deno.writeTextFile(cache, bad);
    assert.deepEqual(await libraryAt(root.path).list(), good);
  }
});

Deno.test("ModelInventory notices a model that comes, and one that goes", async () => {
  await using root = await tempDir();
  const folder = join(root.path, "data/models");
  await write(join(folder, "old.gguf"), sampleFile());
  const library = libraryAt(root.path);
  const inventory = await ModelInventory.open({ library, extra: [], logger: getLogger("test") });
  inventory.subscribe(() => {
    throw new Error("A listener that fails does not end the watch");
  });
  const ending = new AbortController();
  const watching = inventory.watch(ending.signal);
  const names = () => inventory.models.map(({ name }) => name).sort();
  const until = (wanted: readonly string[]) =>
    new Promise<void>((resolve) => {
      const check = () => String(names()) === String(wanted) && resolve();
      inventory.subscribe(check);
      check();
    });
  assert.deepEqual(names(), ["old"]);
  await write(join(folder, "deep/er/new.gguf"), sampleFile({ tensors: [tensor("a", [64])] }));
  await until(["new", "old"]);
  await Deno.remove(join(folder, "old.gguf"));
  await until(["new"]);
  ending.abort();
  await watching;
});

Deno.test("list() tells the same of a thousand models at the first look and at the next", async () => {
  await using root = await tempDir();
  const folder = join(root.path, "data/models");
  await Deno.mkdir(folder, { recursive: true });
  for (let index = 0; index < 1000; index++) {
    await Deno.writeFile(
      join(folder, `m${index}.gguf`),
      sampleFile({ tensors: [tensor(`t${index}`, [64])] }),
    );
  }
  const { models } = await libraryAt(root.path).list();
  assert.equal(models.length, 1000);
  const again = await libraryAt(root.path).list();
  assert.deepEqual(again.models, models);
});
