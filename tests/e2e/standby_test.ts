import assert from "node:assert/strict";
import { copyFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Status } from "../../src/api/mod.ts";
import { needBytes, openLibrary } from "../../src/models/mod.ts";
import { cachedBallast } from "../support/ballast.ts";
import type { NodeProcess } from "../support/node_process.ts";
import { temporaryFolder } from "../support/program.ts";
import { answersExactly, answerTo, nodeTest, startServing, until, warm } from "./mesh_of_nodes.ts";

const SMALL_MESH = new URL("../support/small_mesh.ts", import.meta.url).pathname;

const isPassive = ({ node }: Status) => node.role === "standby" && node.passive;
const sees = (...peers: NodeProcess[]) => (status: Status) =>
  status.peers.map(({ id }) => id).sort().join() ===
    peers.map(({ ready }) => ready.node).sort().join();

nodeTest(
  "a standby of a large mesh is in no list and forwards; it comes back for its user and for a lost model",
  async () => {
    await using folder = await temporaryFolder();
    const dirs = ["first", "second", "third"].map((name) => join(folder.path, name));
    const [first = "", second = "", third = ""] = dirs;
    for (const dir of dirs) await Deno.mkdir(dir);
    const [x, y] = [1, 2].map((seed) => cachedBallast({ layers: 1, seed }));
    assert.ok(x && y);
    await copyFile(x, join(first, "x.gguf"));
    await copyFile(y, join(second, "y.gguf"));
    const start = (args: readonly string[]) => startServing(args, { main: SMALL_MESH });
    await using a = await start(["--model", "x", "--models-dir", first]);
    await using b = await start(["--model", "y", "--models-dir", second, "--join", a.token]);
    await until(a, "x and y are warm", (status) => warm("x")(status) && warm("y")(status));
    await using standby = await start(["--models-dir", third, "--join", a.token]);
    await standby.waitFor("stands-by");
    await until(standby, "passive among two", (s) => isPassive(s) && sees(a, b)(s));
    for (const node of [a, b]) {
      await until(node, "rid of the standby", sees(node === a ? b : a));
    }
    const heard = a.lines.filter(({ event, peer }) =>
      event === "peer" && peer === standby.ready.node
    );
    assert.deepEqual(heard, [], "it has asked whether there is room before it came");
    const { node, mesh } = await standby.status();
    assert.ok(node.vramBytes > 0);
    assert.equal(mesh.vramBytes, (await a.status()).mesh.vramBytes, "what is at their service");
    for (const model of ["x", "y"]) await answersExactly(standby, model);

    await post(standby, "guide/serve");
    await until(a, "joined by the standby", sees(b, standby));
    await answersExactly(b, "guide");
    await post(standby, "guide/drop");
    await until(standby, "passive again", isPassive);
    await a.waitFor((line) => line.peer === standby.ready.node && line.change === "left");
    await until(a, "rid of it again", sees(b));

    await copyFile(y, join(third, "y.gguf"));
    await until(
      standby,
      "in possession of y",
      (status) => status.models.some(({ name, onDisk }) => name === "y" && onDisk),
    );
    assert.ok(isPassive(await standby.status()), "y is served already");
    b.kill("SIGKILL");
    await b.exited;
    // A failed use is what makes its death known at once; this request may be the one that fails.
    const asked = a.chat("hello", { model: "y" }).catch(() => "failed");
    const { reason } = await standby.waitFor("rejoins", {
      since: standby.lines.findLastIndex(({ event }) => event === "stands-by"),
      timeoutMs: 60_000,
    });
    assert.match(String(reason), /needs somebody for y/);
    await standby.serving("y");
    await asked;
    await until(a, "served by the standby", (s) => warm("y")(s) && sees(standby)(s));
    await answersExactly(a, "y");
  },
);

nodeTest("a standby comes back as the worker that a split has lost", async () => {
  const path = cachedBallast({ layers: 10, sizeBytes: 100_000_000 });
  const library = openLibrary({ modelsDir: null, dataDir: dirname(path), home: null });
  const file = await library.resolve(path);
  const need = needBytes(file, null);
  const start = (part: number, args: readonly string[]) =>
    startServing([...args, "--max-vram", String(need * part / 1e9)], { main: SMALL_MESH });
  await using host = await start(0.8, ["--model", path]);
  await using worker = await start(0.6, ["--join", host.token]);
  await until(host, "a warm split", warm(file.name, "split"));
  await using standby = await start(0.5, ["--join", host.token]);
  await until(standby, "passive among two", (s) => isPassive(s) && sees(host, worker)(s));
  worker.kill("SIGKILL");
  await standby.waitFor("rejoins", { timeoutMs: 60_000 });
  await until(standby, "a worker", ({ node }) => node.role === "worker" && !node.passive);
  await until(
    host,
    "a warm split again",
    ({ models }) =>
      models.some(({ name, state, workers }) =>
        name === file.name && state === "warm" && workers[0]?.id === standby.ready.node
      ),
  );
  assert.equal(await standby.chat("hello", { model: file.name }), answerTo("hello"));
});

async function post(node: NodeProcess, action: string): Promise<void> {
  const response = await fetch(`${node.ready.console}/api/models/${action}`, { method: "POST" });
  assert.equal(response.status, 200, await response.text());
}
