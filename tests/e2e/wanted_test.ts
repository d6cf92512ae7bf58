import assert from "node:assert/strict";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { cachedBallast } from "../support/ballast.ts";
import { temporaryFolder } from "../support/program.ts";
import { answersExactly, nodeTest, startServing, until, warm } from "./mesh_of_nodes.ts";

/** Memory for one of the models, and less beside it than a helper has. */
const ONE = ["--max-ram", "0.0125"];

nodeTest(
  "two wanted models, one on each disk: each is served once, and taken over when its node dies",
  async () => {
    await using folder = await temporaryFolder();
    const path = cachedBallast({ layers: 1 });
    const [first, second, both] = ["first", "second", "both"].map((name) =>
      join(folder.path, name)
    );
    assert.ok(first && second && both);
    for (const [target, names] of [[first, ["x"]], [second, ["y"]], [both, ["x", "y"]]] as const) {
      await Deno.mkdir(target);
      for (const name of names) await copyFile(path, join(target, `${name}.gguf`));
    }
    await using a = await startServing([
      "--model",
      "x",
      "--model",
      "y",
      "--models-dir",
      first,
      ...ONE,
    ]);
    await a.serving("x");
    await using b = await startServing(["--join", a.token, "--models-dir", second, ...ONE]);
    const { reason } = await b.waitFor((line) => line.event === "plan" && line.model === "y");
    assert.match(String(reason), /nobody serves it/);
    await until(a, "x and y are warm", (status) => warm("x")(status) && warm("y")(status));
    await using standby = await startServing(["--join", a.token, "--models-dir", both, ...ONE]);
    await until(standby, "x and y are warm", (status) => warm("x")(status) && warm("y")(status));
    for (const node of [a, b, standby]) {
      for (const model of ["x", "y"]) await answersExactly(node, model);
    }
    // It serves one of the two as well; the one that it does not serve is about to be lost.
    const { node: { model: spare } } = await until(
      standby,
      "a replica",
      ({ node, models }) =>
        models.some(({ name, hosts, state }) =>
          name === node.model && state === "warm" && hosts.includes(node.id)
        ),
    );
    const [victim, lost] = spare === "x" ? [b, "y"] : [a, "x"];
    const survivor = victim === a ? b : a;
    victim.kill("SIGKILL");
    await victim.exited;
    await until(
      standby,
      "the lost model is taken over",
      ({ models, node }) =>
        node.model === lost &&
        models.some(({ name, state, hosts }) =>
          name === lost && state === "warm" && hosts.includes(node.id)
        ),
      90_000,
    );
    for (const model of ["x", "y"]) await answersExactly(survivor, model);
    const since = [survivor, standby].map((node) => node.lines.length);
    const args = victim === a
      ? ["--model", "x", "--model", "y", "--models-dir", first, ...ONE]
      : ["--join", a.token, "--models-dir", second, ...ONE];
    await using back = await startServing(args, { dataDir: victim.dataDir });
    await until(back, "its model again", ({ node }) => node.model === lost, 60_000);
    await back.serving(lost);
    // A node that comes after it makes everybody plan once more.
    await using last = await startServing(["--join", a.token]); // a lives by now, and b may not invite
    for (const node of [survivor, standby, back]) {
      await until(node, "whole", ({ peers }) => peers.some(({ id }) => id === last.ready.node));
      for (const model of ["x", "y"]) await answersExactly(node, model);
    }
    for (const [index, node] of [survivor, standby].entries()) {
      const plans = node.lines.slice(since[index]).filter(({ event }) => event === "plan");
      assert.deepEqual(plans, [], "nobody moves because a node is back");
    }
    const taken = back.lines.filter(({ event, model }) => event === "plan" && model !== null);
    assert.deepEqual(taken.map(({ model }) => model), [lost]);
  },
);
