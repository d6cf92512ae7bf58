import { getLogger } from "@logtape/logtape";
import assert from "node:assert/strict";
import { join } from "node:path";
import { EngineNotFoundError, prepareEngine } from "../../src/engine/mod.ts";
import { engineOrReason, engineTest } from "../support/engine.ts";
import { LOOPBACK_WORLD } from "../downloads/loopback_world.ts";
import { tempDir } from "./temp_dir.ts";

const found = await engineOrReason();

function nowhere(dir: string) {
  return {
    dataDir: join(dir, "data"),
    binDir: null,
    executableDir: dir,
    path: "",
    install: false,
    onProgress: () => {},
    downloads: LOOPBACK_WORLD,
    logger: getLogger("test"),
  };
}

Deno.test("prepareEngine() installs nothing unasked", async () => {
  await using dir = await tempDir();
  await assert.rejects(prepareEngine(nowhere(dir.path)), EngineNotFoundError);
});

Deno.test("prepareEngine() installs nothing in place of a wrong --bin-dir", async () => {
  await using dir = await tempDir();
  const options = { ...nowhere(dir.path), binDir: dir.path, install: true };
  await assert.rejects(prepareEngine(options), EngineNotFoundError);
});

engineTest(
  found,
  "prepareEngine() finds and probes, and keeps what it learned in the data directory",
  async (engine) => {
    await using dir = await tempDir();
    assert(found.engine !== null);
    const options = { ...nowhere(dir.path), binDir: found.binDir };
    assert.equal((await prepareEngine(options)).build, engine.build);
    const kept = await Deno.readTextFile(join(options.dataDir, "engine-probe.json"));
    assert.equal(JSON.parse(kept).rpcProtocol, engine.rpcProtocol);
  },
);
