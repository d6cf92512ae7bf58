import { getLogger } from "@logtape/logtape";
import assert from "node:assert/strict";
import { ChildFile, childFilePath } from "../../../src/engine/process/child_file.ts";
import { freePort } from "../../../src/engine/process/free_port.ts";
import { acceptsConnections, waitUntil } from "../../../src/engine/health/health.ts";
import { endStaleChildren } from "../../../src/engine/mod.ts";
import { identify } from "../../../src/engine/process/process_identity.ts";
import { engineOrReason, engineTest } from "../../support/engine.ts";
import { tempDir } from "../temp_dir.ts";

const found = await engineOrReason();
const logger = getLogger("test");

/** Writes what an earlier run would have left. */
async function leaveBehind(dataDir: string, pid: number, startTime?: string): Promise<void> {
  const identity = await identify(pid);
  assert(identity !== undefined);
  const child = { ...identity, name: "rpc-server" };
  await new ChildFile(dataDir).add(startTime === undefined ? child : { ...child, startTime });
}

engineTest(
  found,
  "endStaleChildren() ends an rpc-server that an earlier run left behind",
  async (engine) => {
    await using dir = await tempDir();
    const port = freePort();
    const child = new Deno.Command(engine.rpcServer, {
      args: ["-H", "127.0.0.1", "-p", String(port)],
      stdout: "null",
      stderr: "null",
    }).spawn();
    await waitUntil(() => acceptsConnections(port), new AbortController().signal);
    await leaveBehind(dir.path, child.pid);
    const ended = await endStaleChildren(dir.path, { logger });
    assert.deepEqual(ended.map(({ pid }) => pid), [child.pid]);
    assert.equal((await child.status).signal, "SIGTERM");
    await assert.rejects(Deno.stat(childFilePath(dir.path)), Deno.errors.NotFound);
  },
);

Deno.test("endStaleChildren() kills what is deaf to SIGTERM", async () => {
  await using dir = await tempDir();
  const child = new Deno.Command("/bin/sh", {
    args: ["-c", "trap '' TERM; echo deaf; while :; do sleep 0.1; done"],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  await leaveBehind(dir.path, child.pid);
  await endStaleChildren(dir.path, { logger });
  assert.equal((await child.status).signal, "SIGKILL");
  await reader.cancel();
});

Deno.test("endStaleChildren() leaves a process alone that merely has such a pid", async () => {
  await using dir = await tempDir();
  const stranger = new Deno.Command("sleep", { args: ["60"] }).spawn();
  await leaveBehind(dir.path, stranger.pid, "another time");
  assert.deepEqual(await endStaleChildren(dir.path, { logger }), []);
  stranger.kill("SIGINT");
  assert.equal((await stranger.status).signal, "SIGINT");
});

Deno.test("endStaleChildren() has nothing to do in a new data directory", async () => {
  await using dir = await tempDir();
  assert.deepEqual(await endStaleChildren(dir.path, { logger }), []);
});
