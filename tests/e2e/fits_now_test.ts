/** Words about what fits, beside what real nodes then do. */

import assert from "node:assert/strict";
import { basename, dirname } from "node:path";
import type { CatalogEntry } from "../../src/api/mod.ts";
import { needBytes, openLibrary } from "../../src/models/mod.ts";
import { cachedBallast } from "../support/ballast.ts";
import type { NodeProcess } from "../support/node_process.ts";
import { runProgram } from "../support/program.ts";
import { nodeTest, startServing, until, warm } from "./mesh_of_nodes.ts";

const path = cachedBallast({ layers: 10, sizeBytes: 100_000_000 });
const MODEL = basename(path, ".gguf");
const file = await openLibrary({ modelsDir: null, dataDir: dirname(path), home: null })
  .resolve(path);
const NEED = needBytes(file, null);

/** Offers this part of what the model needs. */
function offering(part: number): string[] {
  return ["--max-vram", String(NEED * part / 1e9)];
}

async function entryAt(node: NodeProcess): Promise<CatalogEntry | undefined> {
  const response = await fetch(`${node.ready.console}/api/catalog`);
  const entries = await response.json() as CatalogEntry[];
  return entries.find(({ name }) => name === MODEL);
}

function printed(node: NodeProcess, ...args: string[]) {
  return runProgram([...args, "--data-dir", node.dataDir]).then(({ stdout }) => stdout);
}

nodeTest("a model that waits for another to stop says so, and is served once it has", async () => {
  await using first = await startServing(["--model", path, ...offering(0.8)]);
  await first.waitFor("waiting");
  const alone = await entryAt(first);
  assert.deepEqual([alone?.state, alone?.fit?.kind], ["waiting", "none"]);

  await using tower = await startServing(
    ["--model", "guide", ...offering(0.23), "--join", first.token],
    { name: "tower" },
  );
  await tower.serving("guide");
  await until(first, "the guide", warm("guide"));
  const fit = (await entryAt(first))?.fit;
  const shown = `${MODEL} +[\\d.]+ MB +waiting +if tower stops guide, pinned \\(`;
  assert.deepEqual(
    [fit?.kind, fit?.nodes.length, fit?.stops?.map(({ host, ...stop }) => [host, stop.model])],
    ["split", 2, [[tower.ready.node, "guide"]]],
  );
  assert.match(await printed(first, "models"), new RegExp(shown));
  const words =
    /It waits\. Would fit 2 machines together if tower stopped guide, which its user pinned/;
  assert.match(await printed(first, "plan", MODEL), words);
  assert.match(await printed(first, "plan", path), words);

  // Clients know the mesh by its routing table alone.
  await using client = await startServing(["--client", "--join", first.token]);
  await until(client, "the guide", warm("guide"));
  const there = await entryAt(client);
  assert.deepEqual(
    [
      there?.state,
      there?.fit?.stops?.map(({ machine, model, pinned }) => [machine, model, pinned]),
    ],
    ["waiting", [["tower", "guide", true]]],
  );

  assert.equal((await runProgram(["drop", "guide", "--data-dir", tower.dataDir])).code, 0);
  await until(first, "a warm split", warm(MODEL, "split"));
  const after = await entryAt(first);
  assert.deepEqual([after?.state, after?.fit?.kind, after?.fit?.stops], ["warm", "split", []]);
});
