import assert from "node:assert/strict";
import { join } from "node:path";
import { draftOwner, removeDrafts, writeWhole } from "../../src/base/atomic_file.ts";
import { temporaryFolder } from "../support/program.ts";
import { smallDisk, whyNoMounts } from "../support/small_disk.ts";

const noMounts = await whyNoMounts();

async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
}

Deno.test("writeWhole() replaces the file, for its owner only, and leaves nothing beside it", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "new", "file.json");
  await writeWhole(path, "first");
  await writeWhole(path, new TextEncoder().encode("second"), { sync: true });
  assert.equal(await Deno.readTextFile(path), "second");
  assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
  assert.deepEqual(await namesIn(join(folder.path, "new")), ["file.json"]);
});

Deno.test("writeWhole() leaves nothing where the file can't be replaced", async () => {
  await using folder = await temporaryFolder();
  await Deno.mkdir(join(folder.path, "file.json", "full"), { recursive: true });
  await assert.rejects(writeWhole(join(folder.path, "file.json"), "text"));
  assert.deepEqual(await namesIn(folder.path), ["file.json"]);
});

Deno.test({
  name: "writeWhole() leaves the old file and nothing else on a full disk",
  ignore: noMounts !== null,
  fn: async () => {
    await using disk = await smallDisk("size=64k");
    const path = join(disk.path, "file.json");
    await writeWhole(path, "old");
    await disk.fill();
    for (const size of [1, 100_000]) {
      await assert.rejects(writeWhole(path, "x".repeat(size)), { code: "ENOSPC" });
      assert.deepEqual(await namesIn(disk.path), ["ballast", "file.json"]);
    }
    assert.equal(await Deno.readTextFile(path), "old");
    await disk.empty();
    await writeWhole(path, "new");
    assert.equal(await Deno.readTextFile(path), "new");
  },
});

Deno.test("removeDrafts() removes what killed processes left, and nothing else", async () => {
  await using folder = await temporaryFolder();
  const gone = new Deno.Command("true").spawn();
  await gone.status;
  const kept = [
    "children.json",
    `model.gguf`,
    `notes.${gone.pid}`,
    `node.json.${Deno.ppid}.tmp`, // of a process that runs
    "part.json",
  ];
  const left = [
    `children.json.${gone.pid}`,
    `node.json.${gone.pid}.tmp`,
    `node.json.${Deno.pid}.tmp`,
    `guide.gguf.${gone.pid}.part`,
  ];
  for (const name of [...kept, ...left]) await Deno.writeTextFile(join(folder.path, name), "");
  await removeDrafts(folder.path);
  assert.deepEqual(await namesIn(folder.path), kept.sort());
  await removeDrafts(join(folder.path, "missing"));
});

for (
  const [name, owner] of [
    ["children.json.12", 12],
    ["children.json.12.tmp", 12],
    ["guide.gguf.12.part", 12],
    ["children.json", null],
    ["children.json.tmp", null],
    ["model-Q4.12.gguf", null],
    ["model.gguf.part", null],
    ["model.gguf.part.json", null],
    ["notes.12.tmp", null],
  ] as const
) {
  Deno.test(`draftOwner() of ${name} is ${owner}`, () => assert.equal(draftOwner(name), owner));
}
