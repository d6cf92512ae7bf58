import assert from "node:assert/strict";
import { join } from "node:path";
import type { CatalogEntry } from "../../src/api/mod.ts";
import { GUIDE } from "../models/sample_gguf.ts";
import { tempDir } from "../models/temp_dir.ts";
import { answersExactly, nodeTest, startServing, until } from "./mesh_of_nodes.ts";

// Such a link ended the start, as "a bug in mesh-llm".
nodeTest("files that can't be read stop neither the start nor what comes later", async () => {
  await using dir = await tempDir();
  const at = (name: string) => join(dir.path, name);
  await Deno.symlink("/sys/class/net/lo/speed", at("first.gguf"));
  await using node = await startServing(["--model", "guide", "--models-dir", dir.path]);
  await node.serving("guide");
  await Deno.symlink("second.gguf", at("second.gguf"));
  await Deno.symlink("/proc/self/mem", at("third.gguf"));
  await Deno.copyFile(GUIDE, at("good.gguf"));
  await until(node, "finding good", ({ models }) => models.some(({ name }) => name === "good"));
  const response = await fetch(`${node.ready.console}/api/catalog`);
  const entries: CatalogEntry[] = await response.json();
  const broken = entries.flatMap(({ name, broken }) => broken === null ? [] : [[name, broken]]);
  assert.deepEqual(broken, [
    ["first", `Cannot use ${at("first.gguf")}: it can't be read: invalid argument`],
    ["second", `Cannot use ${at("second.gguf")}: it is a link that leads back to itself`],
    [
      "third",
      `Cannot use ${at("third.gguf")}: it is cut short: its header says 4 bytes, ` +
      "the file has 0 bytes; copy or download it again",
    ],
  ]);
  const warned = node.lines.filter(({ level }) => level === "warning").map(({ message }) =>
    message
  );
  assert.deepEqual(warned.sort(), broken.map(([, reason]) => reason));
  await answersExactly(node);
});
