import assert from "node:assert/strict";
import { dirname } from "node:path";
import { needBytes, openLibrary } from "../../src/models/mod.ts";
import { cachedBallast } from "../support/ballast.ts";
import { answersExactly, nodeTest, startServing, until, warm } from "./mesh_of_nodes.ts";
import { tellsItsShare } from "./told_memory.ts";

const path = cachedBallast({ layers: 10, sizeBytes: 100_000_000 });
const library = openLibrary({ modelsDir: null, dataDir: dirname(path), home: null });
const { name: model, sizeBytes, ...file } = await library.resolve(path);
const need = needBytes({ sizeBytes, ...file }, null);

/** Offers this part of what the model needs. */
function offering(part: number): string[] {
  return ["--max-vram", String(need * part / 1e9)];
}

function near(bytes: unknown, part: number): boolean {
  return Math.abs(Number(bytes) - need * part) < 1_000;
}

nodeTest("a model larger than each node is split with no flag", async () => {
  await using first = await startServing(["--model", path, ...offering(0.8)]);
  const waiting = await first.waitFor("waiting");
  assert.equal(waiting.model, model);
  assert.equal(waiting.needBytes, need);
  assert.ok(need > sizeBytes && near(waiting.haveBytes, 0.8));
  await using second = await startServing([
    ...["--model", path, ...offering(0.6), "--join", first.token],
  ]);
  const status = await until(second, "a warm split", warm(model, "split"));
  const found = status.models.find(({ name }) => name === model);
  assert.deepEqual(found?.hosts, [first.ready.node]);
  const shares = [found?.instances[0]?.hostShare ?? 0, found?.workers[0]?.share ?? 0];
  assert.ok(Math.abs(shares[0]! - 8 / 14) < 0.001 && Math.abs(shares[1]! - 6 / 14) < 0.001);
  await answersExactly(second, model);
  await tellsItsShare(first, model);
});

nodeTest(
  "too little memory in all: the model waits, and a third node without a model completes it",
  async () => {
    await using first = await startServing(["--model", path, ...offering(0.5)]);
    await using second = await startServing([
      ...["--model", path, ...offering(0.4), "--join", first.token],
    ]);
    const both = await until(
      first,
      "waiting with both",
      ({ models }) =>
        models.some(({ name, instances }) => name === model && near(instances[0]?.haveBytes, 0.9)),
    );
    const instance = both.models.find(({ name }) => name === model)?.instances[0];
    assert.equal(instance?.state, "waiting");
    assert.equal(instance?.needBytes, need);
    await using third = await startServing([...offering(0.3), "--join", first.token]);
    const status = await until(third, "a warm split", warm(model, "split"));
    const found = status.models.find(({ name }) => name === model);
    assert.equal(found?.workers.length, 2);
    assert.equal(status.node.role, "worker");
    for (const node of [first, second, third]) await answersExactly(node, model);
  },
);

nodeTest("a newcomer that is not needed changes nothing", async () => {
  await using first = await startServing(["--model", path, ...offering(0.8)]);
  await using second = await startServing([...offering(0.6), "--join", first.token]);
  const before = await until(second, "a warm split", warm(model, "split"));
  await using third = await startServing([
    ...["--model", path, ...offering(0.7), "--join", first.token],
  ]);
  await until(first, "both peers", ({ peers }) => peers.length === 2);
  await answersExactly(third, model);
  const after = await first.status();
  const termOf = (status: typeof after) =>
    status.models.find(({ name }) => name === model)?.instances.map(({ term, workers }) => ({
      term,
      workers,
    }));
  assert.deepEqual(termOf(after), termOf(before));
  assert.equal((await second.status()).node.role, "worker");
});

nodeTest(
  "more slots than the memory holds make a model wait that would fit",
  async () => {
    const slots = 4;
    const wide = needBytes({ sizeBytes, ...file }, null, slots);
    const args = ["--model", path, ...offering(1.1)];
    await using waiting = await startServing([...args, "--parallel", String(slots)]);
    assert.equal((await waiting.waitFor("waiting")).needBytes, wide);
    await using serving = await startServing([...args, "--ctx", "1024"]);
    await serving.serving(model);
    await answersExactly(serving, model);
  },
);
