import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { ModelRefusedError } from "../../../src/api/mod.ts";
import type { LocalModel } from "../../../src/models/mod.ts";
import { removeModel } from "../../../src/node/models/remove_model.ts";
import { tempDir } from "../../models/temp_dir.ts";

async function written(...paths: string[]): Promise<void> {
  for (const path of paths) {
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeTextFile(path, "weights");
  }
}

function model(name: string, shards: readonly string[], more: Partial<LocalModel> = {}) {
  const [path = ""] = shards;
  return { name, path, shards, fingerprint: name, projector: null, ...more } as LocalModel;
}

const exists = (path: string) => Deno.lstat(path).then(() => true, () => false);
const refused = (why: string, words: RegExp) => (error: unknown) =>
  error instanceof ModelRefusedError && error.why === why && words.test(error.message);

Deno.test("removeModel() removes all files of a model, and the folders that are empty then", async () => {
  await using dir = await tempDir();
  const folder = join(dir.path, "models");
  const at = (name: string) => join(folder, "org/repo", name);
  const shards = [at("big-00001-of-00002.gguf"), at("big-00002-of-00002.gguf")];
  const projector = { path: at("mmproj.gguf"), sizeBytes: 7, sees: true };
  await written(...shards, projector.path, at("small.gguf"));
  const big = model("big", shards, { projector });
  const small = model("small", [at("small.gguf")], { projector });
  const options = { folder, isServed: () => false };
  assert.equal(await removeModel("big", { ...options, models: [big, small] }), big);
  for (const path of shards) assert.equal(await exists(path), false);
  assert.equal(await exists(projector.path), true, "the other model needs it");
  await removeModel("small", { ...options, models: [small] });
  assert.equal(await exists(join(folder, "org")), false);
  assert.equal(await exists(folder), true);
});

Deno.test("removeModel() leaves alone what is served, lies elsewhere, or may be another model", async () => {
  await using dir = await tempDir();
  const folder = join(dir.path, "models");
  const outside = join(dir.path, "elsewhere.gguf");
  const own = join(folder, "own.gguf");
  const link = join(folder, "link.gguf");
  const linked = join(folder, "linked/inside.gguf");
  const guide = join(folder, "guide.gguf");
  await written(outside, own, guide, join(dir.path, "far/inside.gguf"));
  await Deno.symlink(outside, link);
  await Deno.symlink(join(dir.path, "far"), join(folder, "linked"));
  const models = [
    model("own", [own]),
    model("guide", [guide]),
    model("elsewhere", [outside]),
    model("link", [link]),
    model("inside", [linked]),
    model("up", [join(folder, "../elsewhere.gguf")]),
    model("partly", [own, outside]),
    model("two", [own], { fingerprint: "a".repeat(64) }),
    model("two", [own], { fingerprint: "b".repeat(64) }),
  ];
  const isServed = ({ name }: LocalModel) => name === "own";
  const table: [string, string, RegExp][] = [
    ["own", "conflict", /own is served here: `mesh-llm drop own`/],
    ["guide", "conflict", /guide comes with mesh-llm/],
    ["elsewhere", "conflict", /does not lie in the models folder/],
    ["link", "conflict", /by a link/],
    ["inside", "conflict", /by a link/],
    ["up", "conflict", /does not lie in/],
    ["partly", "conflict", /does not lie in/],
    ["two", "unknown", /two@aaaaaaaa, two@bbbbbbbb/],
    ["absent", "unknown", /There is no model absent/],
    ["../elsewhere", "unknown", /There is no model/],
    ["", "unknown", /There is no model/],
  ];
  for (const [asked, why, words] of table) {
    await assert.rejects(removeModel(asked, { models, folder, isServed }), refused(why, words));
  }
  for (const path of [own, guide, outside, link, linked]) {
    assert.equal(await exists(path), true, path);
  }
});
