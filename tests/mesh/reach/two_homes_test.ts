import assert from "node:assert/strict";
import { peerIdOf, SigningKey } from "../../../src/mesh/base/keys.ts";
import { dialsPipe } from "../../../src/mesh/reach/mod.ts";
import { whyNoNamespaces } from "../../support/namespaces.ts";
import {
  buildTwoHomes,
  type Leads,
  REACH_PORT,
  ROUTER_ADDRESSES,
  whyNoRouters,
} from "../../support/two_homes.ts";

const reason = await whyNoNamespaces() ?? await whyNoRouters();

/** One node of the test. */
class Program implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #unread: string[] = [];
  readonly heard: string[] = [];

  constructor(namespace: string, args: readonly string[]) {
    const path = new URL("../../support/reach_node.ts", import.meta.url).pathname;
    this.#child = new Deno.Command("ip", {
      args: [
        "netns",
        "exec",
        namespace,
        Deno.execPath(),
        "run",
        "-A",
        "--quiet",
        "--no-check",
        path,
        ...args,
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#lines = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Resolves with the next such line, or fails with the end of the program. */
  async says(line: string): Promise<void> {
    for (;;) {
      for (let next = this.#unread.shift(); next !== undefined; next = this.#unread.shift()) {
        this.heard.push(next);
        if (next === line) return;
      }
      const { value, done } = await this.#lines.read();
      if (done) throw new Error(`It ended before it said "${line}": ${this.heard.join(", ")}`);
      this.#unread.push(...value.trim().split("\n"));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stdin.close();
    while (!(await this.#lines.read()).done);
    await this.#child.status;
  }
}

const idOf = (key: SigningKey) => peerIdOf(key.publicKey);

interface Homes extends AsyncDisposable {
  readonly near: Program;
  readonly far: Program;
  move(): Promise<void>;
}

/** Both nodes have met the hub, and the near one has dialled the far one by its pipe. */
async function startHomes(routers: readonly [Leads, Leads]): Promise<Homes> {
  const stack = new AsyncDisposableStack();
  const homes = stack.use(await buildTwoHomes({ routers, openPort: REACH_PORT }));
  const [hubKey, ...keys] = [0, 1, 2].map(() => SigningKey.generate());
  const [near, far] = keys.toSorted((a, b) => dialsPipe(idOf(a), idOf(b)) ? -1 : 1);
  const [hubSeed, nearSeed, farSeed] = [hubKey!, near!, far!].map(({ seed }) => seed.toHex());
  const start = (namespace: string, ...args: (string | undefined)[]) =>
    stack.use(new Program(namespace, args.map((arg) => arg ?? "")));
  const open = routers.map((leads, at) => leads.endsWith("open") ? ROUTER_ADDRESSES[at] : "");
  await start(homes.hub, hubSeed, hubSeed).says("ready");
  const farProgram = start(homes.homes[1], hubSeed, farSeed, nearSeed, open[1]);
  await farProgram.says("ready");
  const nearProgram = start(homes.homes[0], hubSeed, nearSeed, farSeed, open[0]);
  return {
    near: nearProgram,
    far: farProgram,
    move: () => homes.move(0),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

Deno.test({
  name: "behind two usual routers nodes meet directly, and again at a new address, to the byte",
  ignore: reason !== null,
  async fn() {
    await using homes = await startHomes(["plainly", "plainly"]);
    await homes.near.says("direct");
    await homes.near.says("whole");
    await homes.move();
    await homes.near.says("relayed");
    await homes.near.says("direct");
    await homes.near.says("whole");
    assert(!homes.near.heard.includes("wrong bytes"));
  },
});

Deno.test({
  name: "a router that gives each way a new port is met at the other's open port",
  ignore: reason !== null,
  async fn() {
    await using homes = await startHomes(["by new ports", "by new ports, and one is open"]);
    await homes.near.says("direct");
    await homes.near.says("whole");
  },
});

Deno.test({
  name: "where no router has an open port for the other's new ones, a member relays",
  ignore: reason !== null,
  async fn() {
    await using homes = await startHomes(["by new ports", "plainly"]);
    for (let count = 0; count < 5; count++) await homes.near.says("whole");
    assert(!homes.near.heard.includes("direct"));
    assert(!homes.near.heard.includes("wrong bytes"));
  },
});
