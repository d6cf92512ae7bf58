import assert from "node:assert/strict";
import { join } from "node:path";
import { GUIDE } from "../models/sample_gguf.ts";
import { tempDir } from "../models/temp_dir.ts";
import { answersExactly, nodeTest, startServing } from "./mesh_of_nodes.ts";

nodeTest("a model that Ollama has fetched is served from where it lies", async () => {
  await using dir = await tempDir();
  const digest = "0".repeat(64);
  const library = join(dir.path, "manifests/registry.ollama.ai/library/little");
  await Deno.mkdir(library, { recursive: true });
  await Deno.mkdir(join(dir.path, "blobs"));
  await Deno.copyFile(GUIDE, join(dir.path, `blobs/sha256-${digest}`));
  const layer = { mediaType: "application/vnd.ollama.image.model", digest: `sha256:${digest}` };
  await Deno.writeTextFile(join(library, "latest"), JSON.stringify({ layers: [layer] }));
  await using node = await startServing(["--model", "little"], {
    env: { OLLAMA_MODELS: dir.path },
  });
  await node.serving("little:latest");
  await answersExactly(node, "little:latest");
  assert.equal((await node.status()).node.model, "little:latest");
});
