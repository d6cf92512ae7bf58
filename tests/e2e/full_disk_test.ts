/** A disk without room, at every place where a start writes, and under a node that runs. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { draftOwner } from "../../src/base/atomic_file.ts";
import { engineProcesses, listProcesses } from "../support/processes.ts";
import { runProgram } from "../support/program.ts";
import { smallDisk, whyNoMounts } from "../support/small_disk.ts";
import { answersExactly, binDirOption, nodeTest, startServing } from "./mesh_of_nodes.ts";

const noMounts = await whyNoMounts();

function diskTest(name: string, fn: () => Promise<void>): void {
  if (noMounts === null) nodeTest(name, fn);
  else Deno.test.ignore(`${name} (${noMounts})`, fn);
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  const below = entries.filter(({ isDirectory }) => isDirectory);
  const deeper = await Promise.all(below.map(({ name }) => filesBelow(join(folder, name))));
  return [...entries.map(({ name }) => name), ...deeper.flat()];
}

// The fewer files the disk can hold, the earlier in the start there is no room for one more.
const FULL = ["nr_inodes=1", "nr_inodes=2", "nr_inodes=3", "nr_inodes=4", "nr_inodes=6"];
const DISKS = [...FULL, "nr_inodes=8", "nr_inodes=10", "size=4k", "size=64k", "ro"];

for (const options of DISKS) {
  diskTest(`a start on a disk of ${options} says what is wrong, and that is no bug`, async () => {
    await using disk = await smallDisk(options);
    const { code, stdout, stderr } = await runProgram([
      ...["--model", "guide", "--data-dir", join(disk.path, "data")],
      ...["--port", "0", "--console-port", "0", ...binDirOption],
    ]);
    assert.equal(code, 1, stdout + stderr);
    assert.match(stderr, options === "ro" ? /read-only/ : /the disk is full/);
    assert.match(stderr, new RegExp(disk.path));
    assert.doesNotMatch(stderr, /bug|os error|\n\s+at /);
    assert.deepEqual((await filesBelow(disk.path)).filter((name) => draftOwner(name) !== null), []);
    const left = (await listProcesses()).filter(({ command }) => command.includes(disk.path));
    assert.deepEqual(left, []);
  });
}

diskTest("a node whose disk is full goes on, and leaves no half-written files", async () => {
  await using disk = await smallDisk("size=8m");
  await using node = await startServing(["--model", "guide"], { dataDir: join(disk.path, "data") });
  await node.serving("guide");
  await disk.fill();
  const [server] = await engineProcesses(node.pid, "llama-server");
  Deno.kill(server?.pid ?? 0, "SIGKILL");
  await node.waitFor(({ message }) => message.startsWith("Could not keep the pid"));
  await answersExactly(node);
  assert.deepEqual((await filesBelow(disk.path)).filter((name) => draftOwner(name) !== null), []);
  await node.stop();
});
