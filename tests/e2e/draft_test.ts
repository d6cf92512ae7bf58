import assert from "node:assert/strict";
import { join } from "node:path";
import { GUIDE } from "../models/sample_gguf.ts";
import { tempDir } from "../models/temp_dir.ts";
import { answersExactly, nodeTest, startServing } from "./mesh_of_nodes.ts";

nodeTest("a draft guesses for a model, and the answers stay the same", async () => {
  await using dir = await tempDir();
  const path = join(dir.path, "little.gguf");
  await Deno.copyFile(GUIDE, path);
  await using node = await startServing(["--model", "guide", "--draft", path]);
  await node.serving("guide");
  assert.ok(node.lines.some(({ message }) => message === "little drafts for guide"));
  await answersExactly(node);
});
