import assert from "node:assert/strict";
import { join } from "node:path";
import { RotatedLog } from "../../../src/engine/output/rotated_log.ts";
import { tempDir } from "../temp_dir.ts";

async function textOf(path: string): Promise<string | undefined> {
  return await Deno.readTextFile(path).catch(() => undefined);
}

Deno.test("RotatedLog begins a new file when one is full and keeps the last ones", async () => {
  await using dir = await tempDir();
  const path = join(dir.path, "logs/server.log");
  const log = new RotatedLog(path, { maxBytes: 10, files: 3 });
  const lines = ["one..\n", "two..\n", "three\n", "four.\n", "five.\n"];
  await Promise.all(lines.map((line) => log.write(new TextEncoder().encode(line))));
  await log.close();
  assert.equal(await textOf(path), "five.\n");
  assert.equal(await textOf(`${path}.1`), "four.\n");
  assert.equal(await textOf(`${path}.2`), "three\n");
  assert.equal(await textOf(`${path}.3`), undefined);
});

Deno.test("RotatedLog goes on with the file of an earlier run, and counts what is in it", async () => {
  await using dir = await tempDir();
  const path = join(dir.path, "server.log");
  for (const text of ["12345", "67890", "x"]) {
    const log = new RotatedLog(path, { maxBytes: 10, files: 2 });
    await log.write(new TextEncoder().encode(text));
    await log.close();
  }
  assert.equal(await textOf(`${path}.1`), "1234567890");
  assert.equal(await textOf(path), "x");
});

Deno.test("RotatedLog says when the disk refuses, and tries again", async () => {
  await using dir = await tempDir();
  const path = join(dir.path, "server.log");
  await Deno.mkdir(path);
  const log = new RotatedLog(path, { maxBytes: 10, files: 2 });
  await assert.rejects(log.write(new Uint8Array([65])));
  await Deno.remove(path);
  await log.write(new Uint8Array([66]));
  await log.close();
  assert.equal(await textOf(path), "B");
});
