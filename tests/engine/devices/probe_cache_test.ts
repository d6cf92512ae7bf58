import assert from "node:assert/strict";
import { join } from "node:path";
import { PROBE_CACHE_MS } from "../../../src/engine/base/defaults.ts";
import { parseProbe, readProbe, writeProbe } from "../../../src/engine/devices/probe_cache.ts";
import type { ProbedEngine } from "../../../src/engine/base/types.ts";
import { tempDir } from "../temp_dir.ts";

const engine: ProbedEngine = {
  llamaServer: "/bin/llama-server",
  rpcServer: "/bin/rpc-server",
  build: "11669",
  rpcProtocol: "8.0.0",
  devices: [{ name: "CUDA0", description: "a GPU", kind: "discrete", totalBytes: 2, freeBytes: 1 }],
  llamaServerFlags: new Set(["--model"]),
  rpcServerFlags: new Set(["-p"]),
};

Deno.test("readProbe() gives back what writeProbe() kept, for the same binaries and a day", async () => {
  await using dir = await tempDir();
  const path = join(dir.path, "probe.json");
  await writeProbe(path, "key", engine, 1_000);
  assert.deepEqual(await readProbe(path, "key", 1_000 + PROBE_CACHE_MS), engine);
  assert.equal(await readProbe(path, "another key", 1_000), undefined);
  assert.equal(await readProbe(path, "key", 1_001 + PROBE_CACHE_MS), undefined, "too old");
  assert.equal(await readProbe(path, "key", 999), undefined, "from the future");
});

Deno.test("readProbe() takes a file that is broken or missing for none", async () => {
  await using dir = await tempDir();
  const path = join(dir.path, "probe.json");
  assert.equal(await readProbe(path, "key", 0), undefined);
  await Deno.writeTextFile(path, '{"key": "key"');
  assert.equal(await readProbe(path, "key", 0), undefined);
});

for (
  const record of [
    "null",
    '"text"',
    "{}",
    '{"key":"key","probedAtMs":0,"llamaServer":"","rpcServer":"","build":1}',
    '{"key":"key","probedAtMs":0,"llamaServer":"","rpcServer":"","build":"","rpcProtocol":"","devices":[{}],"llamaServerFlags":[],"rpcServerFlags":[]}',
  ]
) {
  Deno.test(`parseProbe() takes ${record} for none`, () => {
    assert.equal(parseProbe(record, "key", 0), undefined);
  });
}
