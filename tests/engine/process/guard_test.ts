import assert from "node:assert/strict";
import { join } from "node:path";
import { spawnGuarded } from "../../../src/engine/process/guard.ts";
import { engineOrReason, engineTest } from "../../support/engine.ts";
import { killNodeOf } from "./killed_node.ts";
import { tempDir, writeScript } from "../temp_dir.ts";

const found = await engineOrReason();

/** Runs a line of shell under the guard. */
function guarded(line: string) {
  const output = { stdout: "", stderr: "" };
  const decoder = new TextDecoder();
  const firstOutput = Promise.withResolvers<void>();
  const child = spawnGuarded({
    command: "/bin/sh",
    args: ["-c", line],
    onOutput: (from, bytes) => {
      output[from] += decoder.decode(bytes);
      firstOutput.resolve();
    },
  });
  return { ...child, output, firstOutput: firstOutput.promise };
}

Deno.test("the guard passes the child's exit code and output on", async () => {
  const { exitCode, output } = guarded("echo out; echo err >&2; exit 7");
  assert.equal(await exitCode, 7);
  assert.deepEqual(output, { stdout: "out\n", stderr: "err\n" });
});

Deno.test("the guard names the child itself, not the shell between", async () => {
  const { pid, exitCode, output } = guarded("echo $$");
  const named = await pid;
  await exitCode;
  assert.equal(output.stdout, `${named}\n`);
});

Deno.test("the guard passes a lot of output on whole", async () => {
  const { exitCode, output } = guarded(
    "i=0; while [ $i -lt 20000 ]; do echo 0123456789; i=$((i+1)); done",
  );
  await exitCode;
  assert.equal(output.stdout.length, 20_000 * 11);
});

for (const [way, code] of [["terminate", 143], ["kill", 137]] as const) {
  Deno.test(`${way}() ends the child, and its exit code says so`, async () => {
    const child = guarded("echo runs; exec sleep 60");
    await child.firstOutput;
    child[way]();
    assert.equal(await child.exitCode, code);
    child[way](); // too late: nothing happens
  });

  Deno.test(`${way}() ends a child that is only just starting`, async () => {
    const child = guarded("exec sleep 60");
    child[way]();
    await child.exitCode;
    assert.equal(child.output.stdout, "");
  });
}

Deno.test("a child may end in its own way after terminate(), and the guard waits for it", async () => {
  const child = guarded("trap 'echo ends; exit 9' TERM; echo runs; while :; do sleep 0.1; done");
  await child.firstOutput;
  child.terminate();
  assert.equal(await child.exitCode, 9);
  assert.equal(child.output.stdout, "runs\nends\n");
});

Deno.test("the guard tells of a child that somebody else killed", async () => {
  const child = guarded("echo runs; exec sleep 60");
  await child.firstOutput;
  Deno.kill(await child.pid ?? 0, "SIGKILL");
  assert.equal(await child.exitCode, 137);
});

Deno.test("the guard tells of a command that does not exist", async () => {
  const child = spawnGuarded({ command: "/bin/no-such-command", args: [], onOutput: () => {} });
  assert.equal(await child.exitCode, 127);
});

for (const kind of ["llama-server", "rpc-server"] as const) {
  engineTest(
    found,
    `a real ${kind} is gone soon after its node was killed with -9`,
    async (engine) => {
      await using dir = await tempDir();
      const binary = kind === "llama-server" ? engine.llamaServer : engine.rpcServer;
      let connection: Deno.TcpConn | undefined;
      await killNodeOf(kind, binary, dir.path, async (nextPort) => {
        connection = await Deno.connect({ hostname: "127.0.0.1", port: await nextPort() });
      });
      const killedMs = performance.now();
      using open = connection;
      // The kernel closes the connection when the server ends, however it ends.
      const read = await open?.read(new Uint8Array(1)).catch(() => null);
      assert.equal(read, null);
      assert(performance.now() - killedMs < 3_000);
    },
  );
}

Deno.test("even a child that is deaf to SIGTERM is gone within 3 s after its node", async () => {
  await using dir = await tempDir();
  const alive = join(dir.path, "alive");
  await new Deno.Command("mkfifo", { args: [alive] }).output();
  const deaf = `trap '' TERM; exec 5>'${alive}'; while :; do sleep 0.1 5>&-; done`;
  const binary = await writeScript(dir.path, "llama-server", deaf);
  let pipe: Deno.FsFile | undefined;
  await killNodeOf("llama-server", binary, dir.path, async () => {
    pipe = await Deno.open(alive); // opens once the child has opened its end
  });
  const killedMs = performance.now();
  using open = pipe;
  assert.equal(await open?.read(new Uint8Array(1)), null);
  const tookMs = performance.now() - killedMs;
  assert(tookMs > 500 && tookMs < 3_000, `took ${tookMs} ms`);
});
