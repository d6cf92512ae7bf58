import assert from "node:assert/strict";
import { join } from "node:path";
import {
  DataDirInUseError,
  DataDirLock,
  DataDirUnusableError,
} from "../../../src/node/data/data_dir.ts";
import { temporaryFolder } from "../../support/program.ts";

const file = {
  pid: Deno.pid,
  startTime: "2026-01-01T00:00:00.000Z",
  api: "http://127.0.0.1:1",
  console: "http://127.0.0.1:2",
  adminKey: "secret",
};

Deno.test("a data directory is held by one node, and the second is told its pid", async () => {
  await using folder = await temporaryFolder();
  const dataDir = join(folder.path, "new", "data");
  const lock = await DataDirLock.acquire(dataDir);
  await assert.rejects(DataDirLock.acquire(dataDir), (error: unknown) => {
    assert.ok(error instanceof DataDirInUseError);
    assert.equal(error.pid, Deno.pid);
    assert.match(error.message, new RegExp(`pid ${Deno.pid}\\b.*--data-dir`));
    return true;
  });
  await lock.release();
  await (await DataDirLock.acquire(dataDir)).release();
});

Deno.test("node.json is readable by its owner only, and gone when the node has stopped", async () => {
  await using folder = await temporaryFolder();
  const lock = await DataDirLock.acquire(folder.path);
  await lock.publish(file);
  const path = join(folder.path, "node.json");
  assert.deepEqual(JSON.parse(await Deno.readTextFile(path)), file);
  assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
  await lock.release();
  await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
});

Deno.test("a data directory that can't be made is refused with what to do", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "file");
  await Deno.writeTextFile(file, "");
  for (const dataDir of [file, join(file, "below")]) {
    await assert.rejects(DataDirLock.acquire(dataDir), (error: unknown) => {
      assert.ok(error instanceof DataDirUnusableError);
      assert.match(error.message, /--data-dir/);
      return true;
    });
  }
});
