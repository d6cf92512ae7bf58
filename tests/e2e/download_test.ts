import { endLibp2pLeaks } from "../mesh/leak_guard.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import type { CatalogEntry, DownloadStatus } from "../../src/api/mod.ts";
import type { Changes } from "../../src/node/mod.ts";
import {
  FaultyServer,
  honest,
  json,
  type Script,
  sha256,
  status,
} from "../downloads/faulty_server.ts";
import { sampleFile, tensor } from "../models/sample_gguf.ts";
import { tempDir } from "../models/temp_dir.ts";
import { nodeHere } from "../support/node_here.ts";
import type { NodeProcess } from "../support/node_process.ts";
import { nodeTest, startServing } from "./mesh_of_nodes.ts";

/** Three chunks of a download. */
const MODEL = new Uint8Array(sampleFile({ tensors: [tensor("a", [1024, 1024, 20])] }));
const COMMIT = "d".repeat(40);

const hub: Script = (asked) => {
  const siblings = [{
    rfilename: "big-Q4_K_M.gguf",
    size: MODEL.length,
    lfs: { sha256: sha256(MODEL), size: MODEL.length },
  }];
  if (asked.path === "/api/models/org/repo?blobs=true") return json({ sha: COMMIT, siblings });
  return asked.path === `/org/repo/resolve/${COMMIT}/big-Q4_K_M.gguf`
    ? honest(MODEL, asked)
    : status(404);
};

/** A node in this process: only here can a test let it ask a server on loopback. */
function nodeAsking(server: FaultyServer, dataDir: string, changes: Changes = {}) {
  const hub = { endpoint: server.url.href, token: null };
  return nodeHere(dataDir, { models: { hub }, ...changes }, { downloadRules: server.rules });
}

function api(console: string) {
  const ask = async (path: string, method = "GET") => {
    const response = await fetch(`${console}/api/${path}`, { method });
    return { status: response.status, body: await response.json() };
  };
  return {
    ask,
    entry: async (name: string): Promise<CatalogEntry | undefined> =>
      (await ask("catalog")).body.find((entry: CatalogEntry) => entry.name === name),
    /** Follows the node's events to the download's end. */
    downloaded: async (name: string): Promise<DownloadStatus | null> => {
      const response = await fetch(`${console}/api/events`);
      for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
        if (!text.includes("event:")) continue;
        const { body } = await ask(`models/${name}/download`);
        if (body?.state !== "running") return body;
      }
      throw new Error("The events ended");
    },
  };
}

nodeTest(
  "a node downloads from its repository, and lists the model without a restart",
  async () => {
    await using dir = await tempDir();
    await using server = new FaultyServer(hub);
    const node = await nodeAsking(server, dir.path);
    try {
      const { ask, entry, downloaded } = api(node.ready.console);
      const started = await ask("models/org%2Frepo/download", "POST");
      assert.equal(started.status, 202, JSON.stringify(started.body));
      assert.equal(started.body.name, "big-Q4_K_M");
      assert.equal(await downloaded("big-Q4_K_M"), null);
      const path = join(dir.path, "models/org/repo/big-Q4_K_M.gguf");
      assert.equal(sha256(await Deno.readFile(path)), sha256(MODEL));
      let found = await entry("big-Q4_K_M");
      for (let looks = 0; found === undefined && looks < 100; looks++) {
        found = await entry(
          "big-Q4_K_M",
        );
      }
      assert.deepEqual([found?.places, found?.fit?.kind], [["disk"], "solo"]);
      // As Ollama's clients do it: this is the node's own user.
      const ollama = (path: string, method: string) =>
        fetch(`${node.ready.api}/api/${path}`, { method, body: '{"model":"big-Q4_K_M:latest"}' });
      assert.match(await (await ollama("pull", "POST")).text(), /"success"/);
      const deleted = await ollama("delete", "DELETE");
      assert.deepEqual([deleted.status, await deleted.text()], [200, ""]);
      await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
      const again = await ollama("delete", "DELETE");
      assert.deepEqual([again.status, await again.json()], [404, {
        error: "model 'big-Q4_K_M' not found",
      }]);
      const unknown = await ask("models/nothing-of-that-name/download", "POST");
      assert.equal(unknown.status, 404);
      const missing = await ask("models/org%2Fother/download", "POST");
      assert.equal(missing.status, 409);
    } finally {
      await node.stop("test");
      endLibp2pLeaks();
    }
  },
);

nodeTest("a node downloads nothing that its mesh could not run", async () => {
  await using dir = await tempDir();
  await using server = new FaultyServer(hub);
  const node = await nodeAsking(server, dir.path, { engine: { maxVramBytes: 20e6 } });
  try {
    const { status, body } = await api(node.ready.console).ask(
      "models/org%2Frepo/download",
      "POST",
    );
    assert.equal(status, 409);
    assert.match(body.error.message, /was not downloaded.*needs 0\.0\d? ?.*GB/);
    assert.equal(server.asked.length, 1);
  } finally {
    await node.stop("test");
    endLibp2pLeaks();
  }
});

nodeTest("one download serves a network: a member brings what another has", async () => {
  await using dir = await tempDir();
  const models = join(dir.path, "there/models");
  await Deno.mkdir(models, { recursive: true });
  await Deno.writeFile(join(models, "big-Q4_K_M.gguf"), MODEL);
  await using there: NodeProcess = await startServing(["--model", "guide", "--models-dir", models]);
  await using server = new FaultyServer(hub);
  const node = await nodeAsking(server, join(dir.path, "here"), {
    mesh: { join: there.ready.token },
  });
  try {
    const { ask, entry, downloaded } = api(node.ready.console);
    let found = await entry("big-Q4_K_M");
    while (found === undefined) found = await entry("big-Q4_K_M");
    assert.deepEqual(found.places, ["mesh"]);
    const started = await ask("models/org%2Frepo/download", "POST");
    assert.equal(started.status, 202, JSON.stringify(started.body));
    assert.equal(await downloaded("big-Q4_K_M"), null);
    const path = join(dir.path, "here/models/org/repo/big-Q4_K_M.gguf");
    assert.equal(sha256(await Deno.readFile(path)), sha256(MODEL));
    assert.equal(server.asked.length, 1, "the server was asked for more than what the file is");
  } finally {
    await node.stop("test");
    endLibp2pLeaks();
  }
});
