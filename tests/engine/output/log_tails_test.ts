import assert from "node:assert/strict";
import { join } from "node:path";
import { LOG_TAIL_BYTES } from "../../../src/engine/base/defaults.ts";
import { logTails } from "../../../src/engine/mod.ts";

Deno.test("logTails() gives the ends of the logs, the latest first, each from a whole line on", async () => {
  const dataDir = await Deno.makeTempDir();
  try {
    assert.deepEqual(await logTails(dataDir), []);
    const logs = join(dataDir, "logs");
    await Deno.mkdir(logs);
    const line = `${"x".repeat(99)}\n`;
    await Deno.writeTextFile(join(logs, "llama-server.log"), line.repeat(LOG_TAIL_BYTES / 50));
    await Deno.writeTextFile(join(logs, "rpc-server.log"), "ready\n");
    await Deno.writeTextFile(join(logs, "rpc-server.log.1"), "older\n");
    await Deno.utime(join(logs, "llama-server.log"), 1_000, 1_000);
    const [rpc, llama, ...others] = await logTails(dataDir);
    assert.deepEqual(rpc, { name: "rpc-server", text: "ready\n" });
    assert.equal(llama?.name, "llama-server");
    assert.ok(llama?.text.startsWith(line) && llama.text.length <= LOG_TAIL_BYTES);
    assert.deepEqual(others, []);
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
});
