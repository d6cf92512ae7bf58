import assert from "node:assert/strict";
import { join } from "node:path";
import { tempDir } from "../models/temp_dir.ts";
import { cachedBallast } from "../support/ballast.ts";
import { askChat } from "../support/node_process.ts";
import { answerTo, nodeTest, QUESTION, startServing, until, warm } from "./mesh_of_nodes.ts";

nodeTest(
  "a model is asked for by an alias through a client, on OpenAI's and Ollama's paths",
  async () => {
    await using dir = await tempDir();
    const dataDir = join(dir.path, "data");
    await Deno.mkdir(dataDir, { mode: 0o700 });
    await Deno.writeTextFile(
      join(dataDir, "config.toml"),
      '[model."guide"]\npin = true\naliases = ["gpt-4o-mini", "default"]\n[model.other]\naliases = ["spare"]\n',
      { mode: 0o600 },
    );
    await Deno.copyFile(cachedBallast({ layers: 1 }), join(dir.path, "other.gguf"));
    await using host = await startServing(["--models-dir", dir.path], { dataDir });
    assert.ok(host.ready.token !== null);
    await using client = await startServing(["--client", "--join", host.ready.token]);
    await until(client, "seeing guide", warm("guide"));
    const { api } = client.ready;
    const signal = AbortSignal.timeout(30_000);

    const answer = await (await askChat(api, QUESTION, { model: "gpt-4o-mini", signal })).json();
    assert.equal(answer.choices[0].message.content, answerTo(QUESTION));
    assert.equal(answer.model, "gpt-4o-mini");

    const messages = [{ role: "user", content: QUESTION }];
    for (const model of ["default", "Default:latest"]) {
      const body = JSON.stringify({ model, messages, stream: false, options: { temperature: 0 } });
      const response = await fetch(`${api}/api/chat`, { method: "POST", body, signal });
      const { message } = await response.json();
      assert.equal(message.content, answerTo(QUESTION), model);
    }

    const { data } = await (await fetch(`${api}/v1/models`, { signal })).json();
    const names = data.map(({ id, aliases }: Record<string, unknown>) => [id, aliases]);
    assert.deepEqual(names, [["guide", ["default", "gpt-4o-mini"]], ["other", ["spare"]]]);
    const one = await (await fetch(`${api}/v1/models/default`, { signal })).json();
    assert.deepEqual(one, data[0]);

    const loaded = await (await askChat(api, QUESTION, { model: "spare", signal })).json();
    assert.equal(loaded.choices?.[0]?.message.content, answerTo(QUESTION), JSON.stringify(loaded));
    await until(client, "seeing what the alias has loaded", warm("other"));
  },
);
