import assert from "node:assert/strict";
import { join } from "node:path";
import type { Status } from "../../src/api/mod.ts";
import { GUIDE } from "../models/sample_gguf.ts";
import { askChat } from "../support/api_calls.ts";
import { runProgram, temporaryFolder } from "../support/program.ts";
import { answerTo, nodeTest, startServing, until, warm } from "./mesh_of_nodes.ts";

const KEYS = {
  keys: [
    { name: "all", key: "sk-all" },
    { name: "one", key: "sk-one", models: ["guide"], requestsPerMinute: 1 },
    { name: "none", key: "sk-none", models: ["absent"] },
  ],
};

async function writeKeys(folder: string, mode = 0o600): Promise<string> {
  const path = join(folder, "keys.json");
  await Deno.writeTextFile(path, JSON.stringify(KEYS), { mode });
  return path;
}

nodeTest("keys of a file hold at a client node, and their grants at the host", async () => {
  await using folder = await temporaryFolder();
  const path = await writeKeys(folder.path);
  await using host = await startServing(["--model", "guide"]);
  const join = ["--join", host.token];
  await using client = await startServing(["--client", ...join, "--api-key-file", path]);
  await using other = await startServing(["--client", ...join, "--api-key-file", path]);
  for (const node of [client, other]) await until(node, "the guide is warm", warm("guide"));
  const ask = async (apiKey?: string, node = client) => {
    const options = apiKey === undefined ? {} : { apiKey };
    const response = await askChat(node.ready.api, "hello", options);
    const { error, choices } = await response.json();
    return { response, error, text: choices?.[0].message.content };
  };
  assert.equal((await ask()).response.status, 401);
  assert.equal((await ask("sk-none")).response.status, 503, "nothing that it may use is warm");
  assert.equal((await ask("sk-all")).text, answerTo("hello"));
  assert.equal((await ask("sk-one")).text, answerTo("hello"));
  const refusedHere = await ask("sk-one");
  assert.equal(refusedHere.response.status, 429);
  assert.ok(Number(refusedHere.response.headers.get("retry-after")) > 0);
  const refusedThere = await ask("sk-one", other);
  assert.equal(refusedThere.response.status, 429, "the host has counted what the client sent");
  assert.equal(refusedThere.error.code, "rate_limit_exceeded");
  const { requests } = await (await fetch(`${client.ready.console}/api/requests`)).json();
  const names = requests.map(({ key, status }: { key: string; status: number }) => [key, status]);
  assert.deepEqual(names, [["one", 200], ["all", 200], ["none", 503]]);
});

nodeTest(
  "a key has only those models loaded that it names, by whichever word it asks",
  async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "keys.json");
    const keys = [
      { name: "one", key: "sk-one", models: ["guide"] },
      { name: "two", key: "sk-two", models: ["elsewhere"] },
    ];
    await Deno.writeTextFile(path, JSON.stringify({ keys }), { mode: 0o600 });
    await Deno.copyFile(GUIDE, join(folder.path, "elsewhere.gguf"));
    const dataDir = join(folder.path, "data");
    await Deno.mkdir(dataDir, { mode: 0o700 });
    const settings = '[model."elsewhere"]\naliases = ["guide-large"]\n';
    await Deno.writeTextFile(join(dataDir, "config.toml"), settings, { mode: 0o600 });
    await using host = await startServing(["--model", "guide", "--api-key-file", path]);
    await host.serving("guide");
    const joining = ["--join", host.token];
    const onDisk = ["--models-dir", folder.path];
    await using standby = await startServing([...joining, ...onDisk], { dataDir });
    await using client = await startServing(["--client", ...joining, "--api-key-file", path]);
    const isCold = ({ models }: Status) =>
      models.some(({ name, state }) => name === "elsewhere" && state === "cold");
    const { models } = await until(client, "knowing both", isCold);
    const { fingerprint } = models.find(({ name }) => name === "elsewhere")!;
    const words = [
      "elsewhere",
      "ELSEWHERE",
      `elsewhere@${fingerprint!.slice(0, 8)}`,
      "guide-large",
    ];
    for (const { ready: { api } } of [host, client]) {
      for (const model of words) {
        const refused = await askChat(api, "hello", { model, apiKey: "sk-one" });
        assert.equal(refused.status, 404, await refused.text());
      }
      const headers = { authorization: "Bearer sk-one" };
      const { data } = await (await fetch(`${api}/v1/models`, { headers })).json();
      assert.deepEqual(data.map(({ id }: { id: string }) => id), ["guide"]);
    }
    assert.ok(isCold(await standby.status()), "nobody has loaded it");
    const answer = await askChat(client.ready.api, "hello", {
      model: "guide-large",
      apiKey: "sk-two",
    });
    assert.equal((await answer.json()).choices[0].message.content, answerTo("hello"));
  },
);

Deno.test("a file of keys that others may read is refused, without a word of it", async () => {
  await using folder = await temporaryFolder();
  const path = await writeKeys(folder.path, 0o644);
  const data = ["--data-dir", join(folder.path, "data")];
  const { code, stderr } = await runProgram(["--model", "guide", "--api-key-file", path, ...data]);
  assert.equal(code, 1);
  assert.match(stderr, /keys\.json: others may read it .*chmod 600/);
  assert.doesNotMatch(stderr, /sk-/);
});
