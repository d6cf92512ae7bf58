/** The time that two machines behind two routers need to meet, each time as if for the first time. */

import { join } from "node:path";
import { whyNoNamespaces } from "../../../tests/support/namespaces.ts";
import { temporaryFolder } from "../../../tests/support/program.ts";
import { startRelayProcess } from "../../../tests/support/relay_process.ts";
import { buildTwoHomes, HUB_ADDRESS, whyNoRouters } from "../../../tests/support/two_homes.ts";
import { fromRoot } from "../../run.ts";
import { readLines } from "../transport/lines.ts";
import type { Joined } from "./home.ts";

/** Routers that lead out by the port that a machine has, and let nobody in: those of most homes. */
export async function meetAnew(count: number): Promise<readonly Joined[] | { reason: string }> {
  const reason = await whyNoNamespaces() ?? await whyNoRouters();
  if (reason !== null) return { reason };
  await using homes = await buildTwoHomes({ routers: ["plainly", "plainly"] });
  await using folder = await temporaryFolder();
  await using relay = await startRelayProcess({
    dataDir: join(folder.path, "relay"),
    namespace: homes.hub,
    address: HUB_ADDRESS,
  });
  const { claim } = await relay.waitFor("relay");
  await using near = new Home(homes.homes[0], ["found", folder.path, String(claim)]);
  const [token = "", peer = ""] = await near.says<string[]>();
  await using far = new Home(homes.homes[1], ["join", folder.path, token, peer, String(count)]);
  const all: Joined[] = [];
  while (all.length < count) all.push(await far.says<Joined>());
  return all;
}

class Home implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #lines: AsyncGenerator<string>;

  constructor(namespace: string, args: readonly string[]) {
    const script = fromRoot("scripts/bench/reach/home.ts");
    const run = [Deno.execPath(), "run", "-A", "--quiet", script, ...args];
    this.#child = new Deno.Command("ip", {
      args: ["netns", "exec", namespace, ...run],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#lines = readLines(this.#child.stdout);
  }

  async says<T>(): Promise<T> {
    const { value } = await this.#lines.next();
    if (value === undefined) throw new Error("A machine of the measurement ended");
    return JSON.parse(value) as T;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stdin.close().catch(() => undefined);
    await this.#lines.return(undefined);
    await this.#child.status;
  }
}
