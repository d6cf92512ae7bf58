import { getLogger } from "@logtape/logtape";
import assert from "node:assert/strict";
import { join } from "node:path";
import { EngineInstallError, installEngine } from "../../../src/engine/mod.ts";
import { freePort } from "../../../src/engine/process/free_port.ts";
import { LOOPBACK_WORLD } from "../../downloads/loopback_world.ts";
import { succeeds } from "../../support/debian.ts";
import { tempDir } from "../temp_dir.ts";

function unreachable(dataDir: string, from: "debian" | null) {
  return {
    dataDir,
    from,
    onProgress: () => {},
    downloads: LOOPBACK_WORLD,
    logger: getLogger("test"),
    release: { apiUrl: `http://127.0.0.1:${freePort()}` },
    debian: { keyrings: [] },
  };
}

Deno.test("installEngine() gives the reason of each source where none can be had", async () => {
  await using dir = await tempDir();
  await assert.rejects(installEngine(unreachable(dir.path, null)), (error: Error) => {
    assert(error instanceof EngineInstallError);
    assert.match(error.message, /from its release: Could not read http/);
    assert.match(error.message, /; from Debian: /);
    assert.match(error.message, /--bin-dir/);
    return true;
  });
});

Deno.test("installEngine() from Debian tries nothing else", async () => {
  await using dir = await tempDir();
  await assert.rejects(installEngine(unreachable(dir.path, "debian")), (error: Error) => {
    assert(!error.message.includes("release"));
    return true;
  });
});

Deno.test({
  name: "installEngine() asks a mirror that can't be reached once, whatever builds there are",
  ignore: Deno.build.os !== "linux" || !await succeeds("apt-get", "--version"),
  fn: async () => {
    await using dir = await tempDir();
    const keyring = join(dir.path, "keys.gpg");
    await Deno.writeTextFile(keyring, "");
    const debian = { keyrings: [keyring], mirror: `file://${dir.path}/none` };
    const installed = installEngine({ ...unreachable(dir.path, "debian"), debian });
    await assert.rejects(installed, (error: Error) => {
      assert.match(
        error.message,
        /^Could not install llama\.cpp from Debian: apt-get ended with code 100: /,
      );
      assert.equal(error.message.split("apt-get").length, 2);
      return true;
    });
  },
});

Deno.test("installEngine() ends with the signal's reason", async () => {
  await using dir = await tempDir();
  const options = unreachable(dir.path, null);
  const signal = AbortSignal.abort(new Error("enough"));
  await assert.rejects(installEngine({ ...options, signal }), /enough/);
});
