import assert from "node:assert/strict";
import { dirname } from "node:path";
import { needBytes, openLibrary } from "../../src/models/mod.ts";
import { cachedBallast } from "../support/ballast.ts";
import { engineProcesses } from "../support/processes.ts";
import { answersExactly, nodeTest, startServing, until, warm } from "./mesh_of_nodes.ts";

nodeTest(
  "an rpc-server that dies while nobody asks: the split is loaded again by itself",
  async () => {
    await using host = await startServing(["--model", "guide", "--split", "--max-vram", "2"]);
    await using worker = await startServing(["--join", host.token, "--max-vram", "1"]);
    await until(host, "warm split", warm("guide", "split"));
    const [server] = await engineProcesses(worker.pid, "rpc-server");
    assert.ok(server !== undefined);
    const since = host.lines.length;
    Deno.kill(server.pid, "SIGKILL");
    const { mode } = await host.serving("guide", { since });
    assert.equal(mode, "split");
    await answersExactly(host);
  },
);

nodeTest("a worker without a model of its own serves on when its host has died", async () => {
  await using host = await startServing(["--model", "guide", "--split", "--max-vram", "2"]);
  await using worker = await startServing(["--join", host.token, "--max-vram", "1"]);
  await until(worker, "warm split", warm("guide", "split"));
  const since = worker.lines.length;
  host.kill("SIGKILL");
  await worker.serving("guide", { since, timeoutMs: 45_000 });
  await answersExactly(worker);
});

nodeTest(
  "a joiner that holds the file and offers more becomes host of the model that waits",
  async () => {
    const path = cachedBallast({ layers: 10, sizeBytes: 100_000_000 });
    const folder = dirname(path);
    const model = await openLibrary({ modelsDir: folder, dataDir: folder, home: null }).resolve(
      path,
    );
    const offer = (part: number) => String(needBytes(model, null) * part / 1e9);
    await using waits = await startServing(["--model", path, "--max-vram", offer(0.5)]);
    await waits.waitFor("waiting");
    await using joiner = await startServing([
      ...["--join", waits.token, "--models-dir", folder, "--max-vram", offer(0.7)],
    ]);
    const status = await until(waits, "a warm split", warm(model.name, "split"));
    const found = status.models.find(({ name }) => name === model.name);
    assert.deepEqual(found?.hosts, [joiner.ready.node]);
    assert.ok(Number(found?.instances[0]?.term) < 10, "the two agreed at once");
    await answersExactly(waits, model.name);
  },
);

nodeTest("a client whose host has died is answered by the other one", async () => {
  await using first = await startServing(["--model", "guide"]);
  await using second = await startServing(["--model", "guide", "--join", first.token]);
  await using client = await startServing(["--client", "--join", first.token]);
  await until(
    client,
    "two warm instances",
    ({ models }) => models[0]?.instances.filter(({ state }) => state === "warm").length === 2,
  );
  second.kill("SIGKILL");
  await second.exited;
  for (let request = 0; request < 4; request++) await answersExactly(client);
});
