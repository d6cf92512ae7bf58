/** Somebody kills the shells that stand between a node and its llama.cpp: an administrator, or a script that is too broad. */

import assert from "node:assert/strict";
import { identify, isRunning } from "../../../src/engine/process/process_identity.ts";
import { engineOrReason, engineTest } from "../../support/engine.ts";
import { listProcesses } from "../../support/processes.ts";
import { killNodeOf } from "./killed_node.ts";
import { solo, stateOf, supervising } from "../supervising.ts";
import { tempDir } from "../temp_dir.ts";

const found = await engineOrReason();

/** The shell that started the child and hands its exit status on, and the one that waits for the node's end. */
async function guardOf(
  child: number,
): Promise<{ readonly shell: number; readonly watcher: number }> {
  const processes = await listProcesses();
  const shell = processes.find(({ pid }) => pid === child)?.parent ?? 0;
  const watcher = processes.find(({ pid, parent }) => parent === shell && pid !== child)?.pid ?? 0;
  assert(shell > 1 && watcher > 1);
  return { shell, watcher };
}

const PARTS = {
  "the shell": ["shell"],
  "the watcher": ["watcher"],
  "the whole guard": ["watcher", "shell"],
} as const;

for (const [what, parts] of Object.entries(PARTS)) {
  engineTest(
    found,
    `a llama-server whose guard lost ${what} makes way for a guarded one`,
    async (engine) => {
      await using supervised = await supervising(engine);
      const server = supervised.supervisor.launch(solo, { restart: true });
      await server.ready();
      const first = await identify(server.pid ?? 0);
      assert(first !== undefined);
      const guard = await guardOf(first.pid);
      for (const part of parts) Deno.kill(guard[part], "SIGKILL");
      await stateOf(server, "failed");
      assert.equal(await isRunning(first), false, "two would not fit into the memory");
      await server.ready();
      assert.notEqual(server.pid, first.pid);
      assert.notDeepEqual(await guardOf(server.pid ?? 0), guard);
    },
  );
}

engineTest(
  found,
  "a node killed with -9 after its guard leaves no llama-server behind",
  async (engine) => {
    await using dir = await tempDir();
    let connection: Deno.TcpConn | undefined;
    await killNodeOf("llama-server", engine.llamaServer, dir.path, async (nextPort) => {
      const { watcher } = await guardOf(await childAt(await nextPort()));
      Deno.kill(watcher, "SIGKILL");
      connection = await Deno.connect({ hostname: "127.0.0.1", port: await nextPort() });
    });
    using open = connection;
    // The kernel closes the connection when the server ends, however it ends.
    assert.equal(await open?.read(new Uint8Array(1)).catch(() => null), null);
  },
);

/** The llama-server that was started for this port. */
async function childAt(port: number): Promise<number> {
  const [child] = (await listProcesses()).filter(({ command }) =>
    command.includes(`--port ${port}`) && !command.includes("mesh-llm-guard")
  );
  assert(child !== undefined);
  return child.pid;
}
