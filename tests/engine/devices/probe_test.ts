import { probeEngine } from "../../../src/engine/devices/probe.ts";
import { getLogger } from "@logtape/logtape";
import assert from "node:assert/strict";
import { join } from "node:path";
import { EngineBrokenError } from "../../../src/engine/mod.ts";
import { engineOrReason, engineTest } from "../../support/engine.ts";
import { tempDir, writeScript } from "../temp_dir.ts";

const found = await engineOrReason();
const logger = getLogger("test");

engineTest(
  found,
  "probeEngine() learns of real binaries what the program builds on",
  async (engine) => {
    const fresh = await probeEngine(engine, { cachePath: null, logger });
    assert.match(fresh.build, /^\d+$/);
    assert.match(fresh.rpcProtocol, /^\d+\.\d+\.\d+$/);
    for (const flag of ["--model", "--port", "--rpc", "--tensor-split", "--list-devices"]) {
      assert(fresh.llamaServerFlags.has(flag), flag);
    }
    assert(fresh.rpcServerFlags.has("-H") && fresh.rpcServerFlags.has("-p"));
    assert(fresh.devices.every((device) => device.totalBytes > 0));
  },
);

engineTest(found, "probeEngine() keeps what it learned until a binary changes", async (engine) => {
  await using dir = await tempDir();
  const binaries = {
    llamaServer: await writeScript(dir.path, "llama-server", `exec '${engine.llamaServer}' "$@"`),
    rpcServer: await writeScript(dir.path, "rpc-server", `exec '${engine.rpcServer}' "$@"`),
  };
  const options = { cachePath: join(dir.path, "cache/probe.json"), logger };
  const first = await probeEngine(binaries, options);
  const kept = (await Deno.readTextFile(options.cachePath)).replace(first.build, "1");
  await Deno.writeTextFile(options.cachePath, kept);
  assert.equal((await probeEngine(binaries, options)).build, "1", "from the file");
  await Deno.utime(binaries.rpcServer, 1, 1);
  assert.deepEqual(await probeEngine(binaries, options), first, "asked anew");
});

engineTest(found, "probeEngine() asks anew when the user leaves it other cards", async (engine) => {
  await using dir = await tempDir();
  const options = { cachePath: join(dir.path, "probe.json"), logger };
  const { build } = await probeEngine(engine, options);
  const kept = (await Deno.readTextFile(options.cachePath)).replace(build, "1");
  await Deno.writeTextFile(options.cachePath, kept);
  assert.equal((await probeEngine(engine, options)).build, "1", "from the file");
  Deno.env.set("HIP_VISIBLE_DEVICES", "7");
  try {
    assert.equal((await probeEngine(engine, options)).build, build, "asked anew");
  } finally {
    Deno.env.delete("HIP_VISIBLE_DEVICES");
  }
});

/** A llama.cpp of scripts: fine but for what `overrides` says. */
async function scripted(dir: string, overrides: { llamaServer?: string; rpcServer?: string }) {
  const answers = 'case $1 in --version) echo "version: 1 (build 1)";; esac';
  return {
    llamaServer: await writeScript(dir, "llama-server", overrides.llamaServer ?? answers),
    rpcServer: await writeScript(dir, "rpc-server", overrides.rpcServer ?? "exit 0"),
  };
}

// llama.cpp loads libggml-*.so from its working directory, and a user may stand in a folder that others write to.
Deno.test("probeEngine() asks binaries in their own folder", async () => {
  await using dir = await tempDir();
  const asked = join(dir.path, "asked");
  const rpcServer = `pwd -P >> '${asked}'; exit 0`;
  const answers = `echo "version: 1 (build 1)"; pwd -P >> '${asked}'`;
  const binaries = await scripted(dir.path, { llamaServer: answers, rpcServer });
  await assert.rejects(probeEngine(binaries, { cachePath: null, logger }), EngineBrokenError);
  const folders = (await Deno.readTextFile(asked)).trim().split("\n");
  assert(folders.length >= 3);
  assert.deepEqual(new Set(folders), new Set([await Deno.realPath(dir.path)]));
});

for (
  const { name, overrides, culprit, reason } of [
    {
      name: "a llama-server without its libraries",
      overrides: {
        llamaServer: "echo 'libgomp.so.1: cannot open shared object file' >&2; exit 127",
      },
      culprit: "llama-server",
      reason: /ended with code 127: libgomp\.so\.1: cannot open/,
    },
    {
      name: "a llama-server without a build number",
      overrides: { llamaServer: "echo something else" },
      culprit: "llama-server",
      reason: /names no build: something else/,
    },
    {
      name: "an rpc-server that ends at once",
      overrides: { rpcServer: 'test "$1" = --help || { echo "no RPC backend" >&2; exit 1; }' },
      culprit: "rpc-server",
      reason: /did not start as an RPC server: no RPC backend/,
    },
  ]
) {
  Deno.test(`probeEngine() says in a sentence what is wrong with ${name}`, async () => {
    await using dir = await tempDir();
    const binaries = await scripted(dir.path, overrides);
    await assert.rejects(probeEngine(binaries, { cachePath: null, logger }), (error: Error) => {
      assert(error instanceof EngineBrokenError);
      assert.equal(error.path, join(dir.path, culprit));
      assert.match(error.message, reason);
      return true;
    });
  });
}

Deno.test("probeEngine() ends with the signal's reason", async () => {
  await using dir = await tempDir();
  const binaries = await scripted(dir.path, { rpcServer: "exec sleep 60" });
  const abort = new AbortController();
  const probing = probeEngine(binaries, { cachePath: null, logger, signal: abort.signal });
  abort.abort(new Error("enough"));
  await assert.rejects(probing, /enough/);
});
