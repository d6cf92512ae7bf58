/** A relay from the command line to the wire: real processes. */

import assert from "node:assert/strict";
import { join } from "node:path";
import type { RelayView } from "../../src/api/mod.ts";
import type { RelayStatus } from "../../src/node/mod.ts";
import { type Outcome, runProgram, temporaryFolder } from "../support/program.ts";
import { startRelayProcess } from "../support/relay_process.ts";
import { nodeTest, startServing } from "./mesh_of_nodes.ts";

const relay = (dataDir: string, ...args: readonly string[]): Promise<Outcome> =>
  runProgram(["relay", ...args, "--data-dir", dataDir]);

async function json<T>(dataDir: string, ...args: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await relay(dataDir, ...args, "--json");
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

const connected = (dataDir: string, count: number) =>
  eventually(async () => {
    const { relays } = await json<{ relays: RelayView[] }>(dataDir, "list");
    return relays.filter((one) => one.connected).length === count ? relays : undefined;
  });

/** A command is asked again until it says so: each takes longer than any pause would. */
async function eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 40; tries++) {
    const found = await look();
    if (found !== undefined) return found;
  }
  throw new Error("It never became so");
}

nodeTest(
  "a relay prints a claim, is taken in by it, is the same after kill -9, and is removed",
  async () => {
    await using folder = await temporaryFolder();
    const dataDir = join(folder.path, "data");
    assert.match((await relay(dataDir, "claim")).stderr, /No relay has run on/);
    await using first = await startRelayProcess({ dataDir });
    const [{ claim, node }, founder] = await Promise.all([
      first.waitFor("relay"),
      startServing(["--model", "guide"]),
    ]);
    await using member = founder;
    assert.match(String(claim), /^relay1_/);
    const added = await json<RelayView>(member.dataDir, "add", String(claim), "--name", "vps");
    assert.equal(added.id, node);
    const again = await relay(member.dataDir, "add", String(claim));
    assert.deepEqual([again.code, again.stdout], [1, ""]);
    assert.match(
      again.stderr,
      /this claim was used already: print another with mesh-llm relay claim/,
    );
    assert.match((await relay(member.dataDir, "add", "mesh1_x")).stderr, /not a claim of a relay/);
    const [reached] = await connected(member.dataDir, 1);
    assert.ok(reached);
    const second = await relay(dataDir, "claim");
    assert.match(second.stdout, /^relay1_[\w-]+\n$/);
    assert.match(second.stderr, /worth one mesh/);

    first.kill("SIGKILL");
    await first.exited;
    assert.equal((await relay(dataDir, "status")).code, 1);
    await connected(member.dataDir, 0);
    await using back = await startRelayProcess({ dataDir });
    const told = await back.waitFor("relay");
    assert.deepEqual([told.node, told.meshes, told.claim], [node, 1, null]);
    assert.ok((told.addresses as string[]).some((address) => reached.addresses.includes(address)));
    await connected(member.dataDir, 1);
    const status = await eventually(async () => {
      const now = await json<RelayStatus>(dataDir, "status");
      return now.meshes[0]?.peers === 1 ? now : undefined;
    });
    assert.equal(status.openClaims, 1);
    assert.match((await relay(dataDir, "status")).stdout, /At 127\.0\.0\.1:\d+\n1 claim not used/);

    assert.equal((await relay(member.dataDir, "remove", String(node))).code, 0);
    await back.waitFor("released");
    assert.match((await relay(member.dataDir, "list")).stdout, /has no relays/);
    assert.equal((await relay(member.dataDir, "remove", String(node))).code, 1);
    assert.equal(await member.chat("what is a mesh?").then((text) => text.length > 0), true);
  },
);
