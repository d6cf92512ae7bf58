import assert from "node:assert/strict";
import { basename } from "node:path";
import { cachedBallast } from "../support/ballast.ts";
import { engineProcesses } from "../support/processes.ts";
import { answerTo, nodeTest, QUESTION, startServing, until } from "./mesh_of_nodes.ts";
import { streamedAnswer } from "./streamed_answer.ts";

/** About 15 ms a token on one thread. */
const FILE = cachedBallast({ layers: 4, sizeBytes: 60_000_000 });
const MODEL = basename(FILE, ".gguf");

// A user who drops a model means it; another machine goes on with its answers.
for (
  const { what, action, goesOn } of [
    { what: "switch to another model lets an answer end", action: "guide/serve", goesOn: false },
    { what: "drop of a model has another machine go on", action: `${MODEL}/drop`, goesOn: true },
  ]
) {
  nodeTest(`a user's ${what}`, () => testSwitch(action, goesOn));
}

async function testSwitch(action: string, goesOn: boolean): Promise<void> {
  // Memory for one of the two models: with more it would serve both.
  const args = ["--model", FILE, "--max-ram", "0.14"];
  await using first = await startServing(args);
  await using second = await startServing([...args, "--join", first.token]);
  await using client = await startServing(["--client", "--join", first.token]);
  await until(
    client,
    "two instances",
    ({ models }) =>
      models.some(({ name, instances }) =>
        name === MODEL && instances.filter(({ state }) => state === "warm").length === 2
      ),
  );
  let switched: Promise<Response> | undefined;
  const { text, ends } = await streamedAnswer(client.ready.api, {
    model: MODEL,
    question: QUESTION,
    at: 10,
    then: (host) => {
      const node = [first, second].find(({ ready }) => ready.node === host);
      const url = `${node?.ready.console}/api/models/${action}`;
      switched = fetch(url, { method: "POST" });
    },
  });
  assert.ok(switched !== undefined);
  await (await switched).body?.cancel();
  assert.equal(text, answerTo(QUESTION));
  assert.equal(ends, 1);
  const told = client.lines.filter(({ message }) => message.includes("does not answer"));
  assert.deepEqual(told, [], "it was asked to stop, and did nothing wrong");
  assert.equal(client.lines.some(({ message }) => message.includes("goes on for")), goesOn);
}

nodeTest("how long a load took after a crash counts from the crash", async () => {
  await using node = await startServing(["--model", "guide"]);
  await node.serving("guide");
  const since = node.lines.length;
  const [server] = await engineProcesses(node.pid, "llama-server");
  assert.ok(server !== undefined);
  Deno.kill(server.pid, "SIGKILL");
  const serving = await node.serving("guide", { since });
  const crash = node.lines.slice(since).find(({ message }) => message.includes("while it served"));
  assert.ok(crash !== undefined);
  const passedMs = Date.parse(serving.time) - Date.parse(crash.time);
  assert.ok(Number(serving.loadMs) <= passedMs + 1, `${serving.loadMs} of ${passedMs} ms`);
});
