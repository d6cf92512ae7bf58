import assert from "node:assert/strict";
import { join } from "node:path";
import { ALLOWED } from "../../src/base/allowed_arguments.ts";
import { cachedBallast } from "../support/ballast.ts";
import { forbiddenArguments } from "../support/forbidden_arguments.ts";
import { engineProcesses } from "../support/processes.ts";
import { streamedAnswer } from "./streamed_answer.ts";
import { runProgram } from "../support/program.ts";
import { tempDir } from "../models/temp_dir.ts";
import type { Status } from "../../src/api/mod.ts";
import { answersExactly, nodeTest, QUESTION, startServing, until, warm } from "./mesh_of_nodes.ts";

/** About 15 ms a token on one thread. */
const SLOW = cachedBallast({ layers: 4, sizeBytes: 60_000_000 });
const SLOW_NAME = SLOW.replace(/^.*\//, "").replace(/\.gguf$/, "");

const GUIDE = new URL("../../src/models/guide/guide.gguf", import.meta.url);

nodeTest("a model has settings of its own, and what llama-server refuses gives way", async () => {
  await using dir = await tempDir();
  const dataDir = join(dir.path, "data");
  await Deno.mkdir(dataDir, { mode: 0o700 });
  await Deno.writeTextFile(
    join(dataDir, "config.toml"),
    '[model."guide"]\npin = true\nctx = 512\nargs = ["--cache-type-k", "nonsense"]\n',
    { mode: 0o600 },
  );
  await using node = await startServing([], { dataDir });
  const { models } = await until(node, "serving guide", warm("guide"));
  const [instance] = models.find(({ name }) => name === "guide")?.instances ?? [];
  assert.equal(instance?.contextLength, 512);
  assert.match(
    instance?.notes?.join() ?? "",
    /^The args of guide are refused \(.*cache.*\): it is served without args/i,
  );
  await answersExactly(node);
});

nodeTest("a device that this machine lacks ends the start by its name", async () => {
  await using dir = await tempDir();
  const dataDir = join(dir.path, "data");
  await Deno.mkdir(dataDir, { mode: 0o700 });
  await Deno.writeTextFile(
    join(dataDir, "config.toml"),
    '[model."guide"]\npin = true\ndevice = ["NONE7"]\n',
    { mode: 0o600 },
  );
  await assert.rejects(
    startServing([], { dataDir }),
    /config\.toml: \[model\."guide"\]: device: this machine does not have NONE7/,
  );
});

nodeTest(
  "settings change by the management API while the node serves, and hold after a restart",
  async () => {
    await using dir = await tempDir();
    const dataDir = join(dir.path, "data");
    const path = "/api/models/guide/settings";
    {
      await using node = await startServing(["--model", "guide"], { dataDir });
      await node.serving("guide");
      const url = `${node.ready.console}${path}`;
      const before = await (await fetch(url)).json();
      assert.deepEqual([before.revision, before.changed], [0, {}]);
      const { body } = await change(url, { ctx: 512, aliases: ["helper"] }, before.revision);
      assert.equal(body.settings.ctx, 512);
      const other = await change(url, { ctx: 1_024 }, before.revision);
      const refused = { ...body, reloads: [], elsewhere: [] };
      assert.deepEqual([other.status, other.body.present], [409, refused]);
      await until(node, "guide with the new context", servedWith(512));
      await answersExactly(node, "helper");
      const shown = await runProgram(["config", "show", "--json", "--data-dir", dataDir]);
      const { settings } = JSON.parse(shown.stdout) as { settings: { from: string }[] };
      assert.deepEqual(settings.filter(({ from }) => from === "changed"), [
        { name: 'model."guide".ctx', value: 512, from: "changed" },
        { name: 'model."guide".aliases', value: ["helper"], from: "changed" },
      ]);
      // llama-server refuses it; the last good ones go on.
      assert.equal((await change(url, { args: ["--cache-type-k", "nonsense"] })).status, 200);
      const { models } = await until(node, "what is refused", ({ models }) => {
        const [instance] = models.find(({ name }) => name === "guide")?.instances ?? [];
        return instance?.state === "warm" && /are refused/.test(instance.notes?.join() ?? "");
      });
      assert.ok(
        (models.find(({ name }) => name === "guide")?.settingsRevision ?? 0) > body.revision,
      );
      await answersExactly(node);
    }
    await using again = await startServing(["--model", "guide"], { dataDir });
    await until(again, "guide as it was set", servedWith(512));
    await answersExactly(again, "helper");
    const reset = await fetch(`${again.ready.console}${path}`, { method: "DELETE" });
    assert.deepEqual((await reset.json()).changed, {});
    await until(again, "guide as it was", ({ models }) => {
      const [instance] = models.find(({ name }) => name === "guide")?.instances ?? [];
      return instance?.state === "warm" && instance.contextLength !== 512;
    });
  },
);

nodeTest(
  "a model that is pinned by its settings is served, also after a restart, and no longer once it is not",
  async () => {
    await using dir = await tempDir();
    const dataDir = join(dir.path, "data");
    const modelsDir = join(dir.path, "models");
    await Deno.mkdir(modelsDir);
    for (const name of ["x", "y"]) await Deno.copyFile(GUIDE, join(modelsDir, `${name}.gguf`));
    const start = () => startServing(["--model", "x", "--models-dir", modelsDir], { dataDir });
    const isPinned = (name: string, pinned: boolean) => ({ node }: Status) =>
      node.serving.some((one) => one.model === name && one.pinned) === pinned;
    {
      await using node = await start();
      await change(`${node.ready.console}/api/models/y/settings`, { pin: true });
      await node.serving("y");
      await until(node, "y pinned", isPinned("y", true));
    }
    await using node = await start();
    await until(node, "y pinned", isPinned("y", true));
    await node.serving("y");
    await change(`${node.ready.console}/api/models/y/settings`, { pin: null });
    const { node: self } = await until(node, "y not pinned", isPinned("y", false));
    assert.ok(self.serving.some(({ model, pinned }) => model === "x" && pinned));
  },
);

nodeTest(
  "no argument that is forbidden comes through the management API, and the model goes on as it is",
  async () => {
    await using node = await startServing(["--model", "guide"]);
    await node.serving("guide");
    const url = `${node.ready.console}/api/models/guide/settings`;
    const servers = () => engineProcesses(node.pid, "llama-server");
    const before = await servers();
    const fromFile = [...ALLOWED].filter(([, { door }]) => door === "file").map(([name]) => ({
      name,
      args: [name, "/tmp/x"],
    }));
    for (const { name, args } of [...forbiddenArguments(), ...fromFile]) {
      const { status, body } = await change(url, { ctx: 512, args });
      assert.deepEqual([status, body.error.param], [400, "args"], name);
      assert.ok(body.error.message.includes(name), body.error.message);
    }
    const { revision, changed } = await (await fetch(url)).json();
    assert.deepEqual([revision, changed], [0, {}]);
    assert.deepEqual(await servers(), before);
    await assert.rejects(
      Deno.stat(join(node.dataDir, "model-settings.json")),
      Deno.errors.NotFound,
    );
  },
);

nodeTest(
  "an answer that is being given ends before its model is loaded with other settings",
  async () => {
    await using node = await startServing(["--model", SLOW]);
    await node.serving(SLOW_NAME);
    const url = `${node.ready.console}/api/models/${SLOW_NAME}/settings`;
    const ask = (then: () => void) =>
      streamedAnswer(node.ready.api, { model: SLOW_NAME, question: QUESTION, at: 2, then });
    const alone = await ask(() => {});
    let changing: Promise<unknown> = Promise.resolve();
    const answer = await ask(() => changing = change(url, { ctx: 256 }));
    await changing;
    const { completion_tokens: tokens, prompt_tokens_details: cached } = answer
      .usage as unknown as Usage;
    assert.deepEqual([answer.text, tokens], [
      alone.text,
      (alone.usage as unknown as Usage).completion_tokens,
    ]);
    assert.ok(cached.cached_tokens > 0, "another llama-server has answered");
    await until(
      node,
      "it with other settings",
      ({ models }) =>
        models.some(({ name, instances: [one] }) =>
          name === SLOW_NAME && one?.state === "warm" && one.contextLength === 256
        ),
    );
  },
);

interface Usage {
  readonly completion_tokens: number;
  readonly prompt_tokens_details: { readonly cached_tokens: number };
}

async function change(url: string, settings: Record<string, unknown>, revision?: number) {
  const response = await fetch(url, {
    method: "PATCH",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ settings, ...(revision === undefined ? {} : { revision }) }),
  });
  return { status: response.status, body: await response.json() };
}

function servedWith(contextLength: number) {
  return ({ models }: Status) =>
    models.some(({ name, instances: [one] }) =>
      name === "guide" && one?.state === "warm" && one.contextLength === contextLength
    );
}
