/**
 * Every node knows the models that are warm in the mesh from its `ready` on, however it came to be there: asked without
 * a pause, for answers and for the list, it tells nobody that the model is not there.
 */

import assert from "node:assert/strict";
import { basename, join } from "node:path";
import type { Status } from "../../src/api/mod.ts";
import { cachedBallast } from "../support/ballast.ts";
import { askChat, type NodeProcess, type StartNodeOptions } from "../support/node_process.ts";
import { temporaryFolder } from "../support/program.ts";
import { nodeTest, startServing, until, warm } from "./mesh_of_nodes.ts";

/** Starts of each kind. */
const STARTS = Number(Deno.env.get("MESH_LLM_TEST_STARTS") ?? 1);

/** A mesh of more than two is a large one there, and nobody waits for long. */
const SMALL_MESH = new URL("../support/small_mesh.ts", import.meta.url).pathname;

/** Served by one machine, and on no other's disk: nobody else takes it up. */
const FILE = cachedBallast({ layers: 1 });
const MODEL = basename(FILE, ".gguf");

/** A request that takes longer counts as held, which is no refusal. */
const HELD_MS = 2_000;

/** Asked so often once more when what was waited for has happened. */
const AFTERWARDS = 5;

/** Resolves with every false word that the node said of the model, from now until something has happened. */
async function liesUntil(node: NodeProcess, happened: Promise<unknown>): Promise<string[]> {
  let isOver = false;
  const over = happened.finally(() => isOver = true);
  over.catch(() => {});
  const lies: string[] = [];
  const keepAsking = async (ask: (signal: AbortSignal) => Promise<string | null>) => {
    for (let more = AFTERWARDS; more > 0; more -= isOver ? 1 : 0) {
      const lie = await ask(AbortSignal.timeout(HELD_MS)).catch(() => null);
      if (lie !== null) lies.push(lie);
    }
  };
  await Promise.all([
    keepAsking((signal) => falseRefusal(node, signal)),
    keepAsking((signal) => falseList(node, signal)),
  ]);
  await over;
  return lies;
}

async function falseRefusal({ ready }: NodeProcess, signal: AbortSignal): Promise<string | null> {
  const response = await askChat(ready.api, "hello", { model: MODEL, signal });
  const text = await response.text();
  return response.status === 404 ? text : null;
}

async function falseList({ ready }: NodeProcess, signal: AbortSignal): Promise<string | null> {
  const response = await fetch(`${ready.api}/v1/models`, { signal });
  const text = await response.text();
  return text.includes(`"${MODEL}"`) ? null : text;
}

const sees = (host: NodeProcess) => ({ node, peers }: Status) =>
  !node.passive && peers.some(({ id }) => id === host.ready.node);

nodeTest("a node that starts knows the warm models from its first moment on", async () => {
  await using folder = await temporaryFolder();
  await using host = await startServing(["--model", FILE]);
  await until(host, "warm", warm(MODEL));
  const joining = ["--join", host.token];
  const dataOf = (kind: string) => ({ dataDir: join(folder.path, kind) });
  const kinds: readonly (readonly [string, readonly string[], StartNodeOptions])[] = [
    ["a member", joining, {}],
    ["a member with a model", [...joining, "--model", "guide"], {}],
    ["a client", [...joining, "--client"], {}],
    ["a member that is back", joining, dataOf("member")],
    ["a member with a model that is back", ["--model", "guide"], dataOf("model")],
    ["a client that is back", ["--client"], dataOf("client")],
  ];
  for (const [name, args, options] of kinds) {
    const isClient = args.includes("--client");
    const start = (args: readonly string[]) => startServing(["--no-console", ...args], options);
    if (options.dataDir !== undefined) {
      await using earlier = await start([
        ...joining,
        ...args.filter((arg) => !joining.includes(arg)),
      ]);
      await until(earlier, "in the mesh", ({ peers }) => peers.length > 0);
    }
    for (let number = 0; number < STARTS; number++) {
      await using node = await start(args);
      const arrived = isClient ? Promise.resolve() : until(node, "in the mesh", sees(host));
      assert.deepEqual(await liesUntil(node, arrived), [], `${name}, start ${number}`);
    }
  }
});

nodeTest(
  "a standby knows the warm models while it joins the gossip and leaves it again",
  async () => {
    const start = (args: readonly string[]) => startServing(args, { main: SMALL_MESH });
    await using host = await start(["--model", FILE]);
    await using other = await start(["--model", "guide", "--join", host.token]);
    await until(other, "warm", (status) => warm(MODEL)(status) && warm("guide")(status));
    await using standby = await start(["--join", host.token]);
    const post = async (action: string) => {
      const url = `${standby.ready.console}/api/models/guide/${action}`;
      const response = await fetch(url, { method: "POST" });
      assert.equal(response.status, 200, await response.text());
    };
    const isPassive = ({ node }: Status) => node.passive;
    await until(standby, "passive", isPassive);
    for (let number = 0; number < STARTS; number++) {
      for (const [action, wanted] of [["serve", sees(host)], ["drop", isPassive]] as const) {
        const done = post(action).then(() => until(standby, `done with ${action}`, wanted));
        assert.deepEqual(await liesUntil(standby, done), [], `${action} ${number}`);
      }
    }
  },
);

nodeTest(
  "whoever loses its mesh and finds it again never says that a model is not there",
  async () => {
    await using host = await startServing(["--model", FILE]);
    await until(host, "warm", warm(MODEL));
    await using node = await startServing(["--join", host.token]);
    await until(node, "in the mesh", sees(host));
    for (let number = 0; number < STARTS; number++) {
      host.kill("SIGSTOP");
      const isLost = ({ peers }: Status) => peers.length === 0;
      const lost = until(node, "alone", isLost).finally(() => host.kill("SIGCONT"));
      const refusals: string[] = [];
      let isOver = false;
      const found = lost.then(() => until(node, "back", sees(host))).finally(() => isOver = true);
      found.catch(() => {});
      while (!isOver) {
        const refusal = await falseRefusal(node, AbortSignal.timeout(HELD_MS)).catch(() => null);
        if (refusal !== null) refusals.push(refusal);
      }
      await found;
      assert.deepEqual(refusals, [], `loss ${number}`);
    }
  },
);
