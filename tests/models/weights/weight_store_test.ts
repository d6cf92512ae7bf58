import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { WeightStore } from "../../../src/models/weights/weight_store.ts";
import { pattern } from "../../tunnel/tcp_pair.ts";
import { collect } from "./small_model.ts";

const MIB = 1024 * 1024;

async function openStore(behindBytes?: number) {
  const folder = await Deno.makeTempDir({ prefix: "mesh-llm-store-" });
  return {
    folder,
    store: await WeightStore.open(folder, 1e9, behindBytes),
    entries: async () => (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

function keyOf(bytes: Uint8Array) {
  return {
    sha256: createHash("sha256").update(bytes).digest("hex"),
    byteLength: bytes.length,
  };
}

Deno.test("an entry that comes faster than the disk takes it is dropped, and the next one is kept", async () => {
  await using space = await openStore(9 * MIB);
  const [large, small] = [pattern(20 * MIB), pattern(8 * MIB, 3)];
  const dropped = space.store.write(keyOf(large))!;
  // Without a turn of the event loop in between nothing can leave for the disk.
  for (let at = 0; at < large.length; at += MIB) dropped.write(large.subarray(at, at + MIB));
  assert.equal(await dropped.commit(), false);
  assert.deepEqual(await space.entries(), []);
  const kept = space.store.write(keyOf(small))!;
  kept.write(small);
  assert.equal(await kept.commit(), true, "what the dropped one had claimed is free again");
  assert.deepEqual(await space.entries(), [keyOf(small).sha256]);
});

Deno.test("entries given up at any point claim nothing of what may wait for the disk", async () => {
  await using space = await openStore(9 * MIB);
  const bytes = pattern(8 * MIB);
  for (const length of [0, 1, 4 * MIB, 5 * MIB, 8 * MIB]) {
    const given = space.store.write(keyOf(bytes))!;
    given.write(bytes.subarray(0, length));
    await given.abort();
    assert.deepEqual(await space.entries(), []);
  }
  const kept = space.store.write(keyOf(bytes))!;
  kept.write(bytes);
  assert.equal(await kept.commit(), true);
});

Deno.test("a disk that fails is tried again with the next entry, and nothing stays claimed", async () => {
  await using space = await openStore(24 * MIB);
  const bytes = pattern(20 * MIB);
  await Deno.remove(space.folder);
  for (const end of ["commit", "abort"] as const) {
    const failing = space.store.write(keyOf(bytes))!;
    failing.write(bytes);
    if (end === "commit") await assert.rejects(failing.commit(), Deno.errors.NotFound);
    else await failing.abort();
  }
  await Deno.mkdir(space.folder);
  const kept = space.store.write(keyOf(bytes))!;
  kept.write(bytes);
  assert.equal(await kept.commit(), true);
});

Deno.test("an entry larger than what is verified in memory is verified twice, and a poisoned one not used", async () => {
  await using space = await openStore(200 * MIB);
  const bytes = pattern(66 * MIB);
  const key = keyOf(bytes);
  const writer = space.store.write(key)!;
  writer.write(bytes);
  assert.equal(await writer.commit(), true);
  const read = await collect((await space.store.read(key))!);
  assert.equal(keyOf(read).sha256, key.sha256);
  const path = join(space.folder, key.sha256);
  using file = await Deno.open(path, { write: true });
  await file.seek(65 * MIB, Deno.SeekMode.Start);
  await file.write(Uint8Array.of(bytes[65 * MIB]! ^ 1));
  assert.equal(await space.store.read(key), undefined);
  assert.deepEqual(await space.entries(), []);
});
