import assert from "node:assert/strict";
import { join } from "node:path";
import { GUIDE } from "../models/sample_gguf.ts";
import { takeApart, writeGguf } from "../support/gguf_writer.ts";
import { writeEars, writeProjector } from "../support/projector_writer.ts";
import type { NodeProcess } from "../support/node_process.ts";
import { tempDir } from "../models/temp_dir.ts";
import { answersExactly, nodeTest, startServing, until, warm } from "./mesh_of_nodes.ts";

nodeTest("a draft guesses for a model, and the answers stay the same", async () => {
  await using dir = await tempDir();
  const path = join(dir.path, "little.gguf");
  await Deno.copyFile(GUIDE, path);
  await using node = await startServing(["--model", "guide", "--draft", path]);
  await node.serving("guide");
  assert.ok(node.lines.some(({ message }) => message === "little drafts for guide"));
  await answersExactly(node);
});

/** Notes of the model's own instance once it is warm. */
async function notesOf(node: NodeProcess, name: string): Promise<readonly string[]> {
  const { models } = await until(node, `serving ${name}`, warm(name));
  return models.find((one) => one.name === name)?.instances[0]?.notes ?? [];
}

// People saw llama-server started for ever, and no word of the file that ended it.
nodeTest("a model is served without files that only seem to belong to it", async () => {
  await using dir = await tempDir();
  const guide = takeApart(await Deno.readFile(GUIDE));
  await Deno.copyFile(GUIDE, join(dir.path, "text.gguf"));
  writeGguf(join(dir.path, "ggml-vocab.gguf"), { ...guide, tensors: [] });
  writeEars(join(dir.path, "mmproj-F16.gguf"), 2_048);
  await using node = await startServing(["--model", "text", "--models-dir", dir.path]);
  const notes = await notesOf(node, "text");
  assert.deepEqual(notes, [
    "mmproj-F16.gguf is not used for text, which sees and hears nothing: " +
    "it is made for a model of width 2048, and text has 96",
    "ggml-vocab.gguf does not draft for text: it holds no weights",
  ]);
  const warned = node.lines.filter(({ message }) => notes.includes(String(message)));
  assert.deepEqual(warned.map(({ level }) => level), ["warning", "warning"]);
  await answersExactly(node, "text");
});

nodeTest(
  "a companion that llama-server can't load beside a model is left out, and only that",
  async () => {
    await using dir = await tempDir();
    const guide = takeApart(await Deno.readFile(GUIDE));
    const eyes = join(dir.path, "mmproj-text.gguf");
    await Deno.copyFile(GUIDE, join(dir.path, "text.gguf"));
    const draft = join(dir.path, "layerless.gguf");
    writeGguf(draft, {
      ...guide,
      tensors: guide.tensors.filter(({ name }) => !/^blk.1/.test(name)),
    });
    writeProjector(eyes);
    await using node = await startServing([
      "--model",
      join(dir.path, "text.gguf"),
      "--draft",
      draft,
    ]);
    const [note, ...others] = await notesOf(node, "text");
    assert.match(
      note ?? "",
      /^layerless does not draft for text: llama-server: .*blk\.1\.attn_norm\.weight. not found/,
    );
    assert.deepEqual(others, []);
    await answersExactly(node, "text");
  },
);

nodeTest("a split whose projector can't be loaded answers without it", async () => {
  await using dir = await tempDir();
  const eyes = join(dir.path, "mmproj-text.gguf");
  await Deno.copyFile(GUIDE, join(dir.path, "text.gguf"));
  writeProjector(eyes);
  const { metadata, tensors } = takeApart(await Deno.readFile(eyes));
  writeGguf(eyes, { metadata, tensors: tensors.slice(0, 5) });
  const args = ["--model", "text", "--models-dir", dir.path, "--split", "--max-vram", "2"];
  await using host = await startServing(args);
  // Alone it has found out already; the second node has not.
  await using other = await startServing([...args.slice(0, -1), "4", "--join", host.token]);
  const status = await until(other, "warm split", warm("text", "split"));
  assert.deepEqual(status.models[0]?.hosts, [other.ready.node]);
  assert.match(
    status.models[0]?.instances[0]?.notes?.join() ?? "",
    /^mmproj-text\.gguf is not used for text, which sees and hears nothing: llama-server: .*unable to find tensor/,
  );
  await answersExactly(host, "text");
});
