/** Files that earlier and later versions of the program have left in a data directory. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { runProgram, temporaryFolder } from "../support/program.ts";
import { nodeTest, startServing } from "./mesh_of_nodes.ts";

/** They are made again at each start. */
const MADE_AGAIN = ["children.json", "engine-probe.json"];

/** The files that are kept in the folder itself, by name. */
async function filesIn(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { name, isFile } of Deno.readDir(folder)) {
    const isKept = isFile && name.includes(".json") && !MADE_AGAIN.includes(name);
    if (isKept) found[name] = await Deno.readTextFile(join(folder, name));
  }
  return found;
}

async function change(path: string, next: (json: Record<string, unknown>) => unknown) {
  const json = JSON.parse(await Deno.readTextFile(path));
  await Deno.writeTextFile(path, JSON.stringify(next(json)));
}

nodeTest(
  "a data directory of an earlier version goes on, and one of a later version is refused",
  async () => {
    await using folder = await temporaryFolder();
    const dataDir = join(folder.path, "data");
    const args = ["--model", "guide"];
    let peer: string;
    {
      await using first = await startServing(args, { dataDir });
      await first.serving("guide");
      peer = first.ready.node;
      for (const words of [["token"], ["settings", "guide", "ctx=512"], ["key", "make", "ann"]]) {
        const { code, stderr } = await runProgram([...words, "--data-dir", dataDir]);
        assert.equal(code, 0, stderr);
      }
      const dropped = await runProgram(["serve", "guide", "--data-dir", dataDir]);
      assert.equal(dropped.code, 0, dropped.stderr);
    }
    const kept = Object.keys(await filesIn(dataDir)).sort();
    const [trust = ""] = kept.filter((name) => name.startsWith("trust-"));
    assert.deepEqual(kept, [
      ...["identity.json", "made-keys.json", "mesh.json", "model-settings.json"],
      ...["said.json", "started.json", trust],
    ]);

    // The form of the versions before this one: none said which it was, and one model was chosen.
    for (const name of kept) {
      await change(join(dataDir, name), ({ version, ...fields }) => {
        assert.equal(typeof version, "number", name);
        if (name !== "said.json") return fields;
        const { pinned, ...rest } = fields;
        return { ...rest, told: (pinned as unknown[])[0] };
      });
    }
    const before = await filesIn(dataDir);
    {
      await using second = await startServing([], { dataDir });
      assert.equal(second.ready.node, peer);
      await second.serving("guide");
    }
    const after = await filesIn(dataDir);
    assert.equal(after["said.json.v1"], before["said.json"]);
    assert.equal(JSON.parse(after["said.json"]!).pinned[0].name, "guide");

    for (const name of kept) {
      const path = join(dataDir, name);
      const text = await Deno.readTextFile(path);
      await change(path, (json) => ({ ...json, version: 99 }));
      const left = await filesIn(dataDir);
      const sentence = `mesh-llm: Cannot use ${path}: a later version of mesh-llm has written it`;
      await assert.rejects(
        async () => {
          await using _started = await startServing([], { dataDir });
        },
        (error: Error) => error.message.includes(sentence),
        name,
      );
      assert.deepEqual(await filesIn(dataDir), left, name);
      await Deno.writeTextFile(path, text);
    }
  },
);
