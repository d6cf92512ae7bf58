import assert from "node:assert/strict";
import { join } from "node:path";
import { fullKey, KeyFileError } from "../../../src/api/mod.ts";
import { hasMadeKeys } from "../../../src/cli/config/last_start.ts";
import { openMadeKeys } from "../../../src/node/data/made_keys.ts";
import { removeFolder } from "../../support/remove_folder.ts";

Deno.test("made keys come back after a restart, for their owner only, and leave no file without them", async () => {
  const dataDir = await Deno.makeTempDir({ prefix: "mesh-llm-test-" });
  try {
    const file = join(dataDir, "made-keys.json");
    const first = await openMadeKeys(dataDir);
    assert.deepEqual([first.keys, hasMadeKeys(dataDir)], [[], false]);
    const key = { ...fullKey("laptop", "sk-mesh-1"), models: ["guide"] };
    await first.save([key]);
    assert.equal(((await Deno.stat(file)).mode ?? 0) & 0o777, 0o600);
    assert.deepEqual([(await openMadeKeys(dataDir)).keys, hasMadeKeys(dataDir)], [[key], true]);
    await first.save([]);
    await first.save([]);
    assert.deepEqual([(await openMadeKeys(dataDir)).keys, hasMadeKeys(dataDir)], [[], false]);
    // A start without its keys would open the API.
    await Deno.writeTextFile(file, '{"keys": [', { mode: 0o600 });
    assert.ok(hasMadeKeys(dataDir));
    await assert.rejects(openMadeKeys(dataDir), KeyFileError);
  } finally {
    await removeFolder(dataDir);
  }
});
