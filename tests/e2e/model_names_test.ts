import assert from "node:assert/strict";
import { join } from "node:path";
import { GUIDE } from "../models/sample_gguf.ts";
import { tempDir } from "../models/temp_dir.ts";
import {
  answersExactly,
  answerTo,
  nodeTest,
  QUESTION,
  startServing,
  until,
  warm,
} from "./mesh_of_nodes.ts";

const NAME = `Grüße an 模型, 7B (v2)+"it's" 100% #1?`;

// People name files in their own language: such a name was refused.
nodeTest("a name in any letters passes from the file to a peer's caller and back", async () => {
  await using dir = await tempDir();
  await Deno.copyFile(GUIDE, join(dir.path, `${NAME.normalize("NFD")}.gguf`));
  await using node = await startServing(["--model", NAME, "--models-dir", dir.path]);
  await node.serving(NAME);
  await answersExactly(node, NAME);
  await using client = await startServing(["--client", "--join", node.token]);
  await until(client, "knowing the model", warm(NAME));
  const response = await fetch(`${client.ready.api}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      model: NAME,
      temperature: 0,
      messages: [{ role: "user", content: QUESTION }],
    }),
  });
  const answer = await response.json();
  assert.equal(answer.choices?.[0]?.message.content, answerTo(QUESTION), JSON.stringify(answer));
  assert.equal(answer.model, NAME);
  const { data } = await (await fetch(`${client.ready.api}/v1/models`)).json();
  assert.ok(data.some(({ id }: { readonly id: string }) => id === NAME), JSON.stringify(data));
  const drop = `${node.ready.console}/api/models/${encodeURIComponent(NAME)}/drop`;
  const dropped = await fetch(drop, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  const words = await dropped.text();
  assert.ok(dropped.ok, words);
});
