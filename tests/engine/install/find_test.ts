import { findBinaries } from "../../../src/engine/install/find.ts";
import assert from "node:assert/strict";
import { join, relative } from "node:path";
import { EngineNotFoundError } from "../../../src/engine/mod.ts";
import { tempDir, writeScript } from "../temp_dir.ts";

/** Folders of a machine without llama.cpp. */
function places(root: string) {
  return {
    dataDir: join(root, "data"),
    binDir: null,
    executableDir: join(root, "executable"),
    path: [join(root, "path-1"), join(root, "path-2")].join(":"),
  };
}

async function put(dir: string, ...names: string[]): Promise<void> {
  for (const name of names) await writeScript(dir, name, "exit 0");
}

Deno.test("findBinaries() prefers the installed one, then the one beside the executable, then PATH", async () => {
  await using root = await tempDir();
  const options = places(root.path);
  const order = [
    join(root.path, "path-2"),
    options.executableDir,
    join(options.dataDir, "engine/current"),
  ];
  for (const dir of order) {
    await put(dir, "llama-server", "rpc-server");
    assert.deepEqual(await findBinaries(options), {
      llamaServer: join(dir, "llama-server"),
      rpcServer: join(dir, "rpc-server"),
    });
  }
});

// A program that was downloaded to a folder of everybody's must not run what others put beside it.
Deno.test("findBinaries() passes over what others may have put beside the executable", async () => {
  await using root = await tempDir();
  const options = places(root.path);
  const [beside, onPath] = [options.executableDir, join(root.path, "path-1")];
  for (const dir of [beside, onPath]) await put(dir, "llama-server", "rpc-server");
  const isFoundBeside = async () =>
    (await findBinaries(options)).llamaServer === join(beside, "llama-server");
  assert.ok(await isFoundBeside());
  for (const open of [beside, join(beside, "llama-server")]) {
    const { mode } = await Deno.stat(open);
    for (const bits of [0o777, 0o1777]) {
      await Deno.chmod(open, bits);
      assert.ok(!await isFoundBeside(), `${open} ${bits.toString(8)}`);
    }
    await Deno.chmod(open, (mode ?? 0) & 0o777);
  }
  assert.ok(await isFoundBeside());
});

Deno.test("findBinaries() prefers the newer name of the RPC server", async () => {
  await using root = await tempDir();
  const options = places(root.path);
  await put(options.executableDir, "llama-server", "rpc-server", "ggml-rpc-server");
  const { rpcServer } = await findBinaries(options);
  assert.equal(rpcServer, join(options.executableDir, "ggml-rpc-server"));
});

Deno.test("findBinaries() finds Debian's RPC server off PATH, and another one elsewhere on PATH", async () => {
  await using root = await tempDir();
  const bin = join(root.path, "usr/bin");
  await put(bin, "llama-server");
  const options = { ...places(root.path), path: `${bin}:${join(root.path, "path-1")}` };
  await put(join(root.path, "path-1"), "rpc-server");
  assert.equal((await findBinaries(options)).rpcServer, join(root.path, "path-1/rpc-server"));
  const libexec = join(root.path, "usr/libexec/x86_64-linux-gnu/llama/bin");
  await put(libexec, "ggml-rpc-server");
  const { rpcServer } = await findBinaries(options);
  assert.equal(rpcServer, await Deno.realPath(join(libexec, "ggml-rpc-server")));
});

Deno.test("findBinaries() gives whole paths for a relative data directory", async () => {
  await using root = await tempDir();
  const options = { ...places(root.path), dataDir: relative(Deno.cwd(), root.path) };
  await put(join(root.path, "engine/current"), "llama-server", "rpc-server");
  const { llamaServer } = await findBinaries(options);
  assert.equal(llamaServer, join(root.path, "engine/current/llama-server"));
});

Deno.test("findBinaries() passes over what cannot be run", async () => {
  await using root = await tempDir();
  const options = places(root.path);
  await put(options.executableDir, "llama-server", "rpc-server");
  await Deno.chmod(join(options.executableDir, "rpc-server"), 0o644);
  await Deno.mkdir(join(options.executableDir, "ggml-rpc-server"));
  await assert.rejects(findBinaries(options), EngineNotFoundError);
});

Deno.test("findBinaries() says where it looked, what it found half, and what to do", async () => {
  await using root = await tempDir();
  const options = places(root.path);
  await put(join(root.path, "path-1"), "llama-server");
  await assert.rejects(findBinaries(options), (error: Error) => {
    assert(error instanceof EngineNotFoundError);
    assert(error.message.includes(join(options.dataDir, "engine/current")));
    assert(error.message.includes(options.executableDir));
    assert(error.message.includes(`${join(root.path, "path-1/llama-server")}, but no rpc-server`));
    assert(error.message.includes("mesh-llm engine install"));
    return true;
  });
});

Deno.test("findBinaries() with --bin-dir looks nowhere else", async () => {
  await using root = await tempDir();
  const binDir = join(root.path, "mine");
  const options = { ...places(root.path), binDir };
  await put(options.executableDir, "llama-server", "rpc-server");
  await put(binDir, "llama-server");
  await assert.rejects(findBinaries(options), (error: Error) => {
    assert(error instanceof EngineNotFoundError);
    assert(error.message.includes(`--bin-dir, ${binDir}, holds no rpc-server`));
    return true;
  });
  await put(binDir, "rpc-server");
  assert.equal((await findBinaries(options)).llamaServer, join(binDir, "llama-server"));
});
