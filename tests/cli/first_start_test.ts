/** Starts on machines that lack something, each by a real lack of it: one sentence, and no stack. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { runProgram } from "../support/program.ts";
import { type SmallDisk, smallDisk, whyNoMounts } from "../support/small_disk.ts";

const noMounts = await whyNoMounts();

function diskTest(name: string, options: string, fn: (disk: SmallDisk) => Promise<void>): void {
  Deno.test({
    name: noMounts === null ? name : `${name} (${noMounts})`,
    ignore: noMounts !== null,
    fn: async () => {
      await using disk = await smallDisk(options);
      await fn(disk);
    },
  });
}

function isOneSentence(stderr: string): void {
  assert.match(stderr, /^mesh-llm: [A-Z][^\n]*\n(Run mesh-llm --help[^\n]*\n)?$/);
  assert.doesNotMatch(stderr, /bug|os error|\bat /);
}

for (const command of [["--model", "guide"], ["console"], ["engine", "install"]]) {
  diskTest(`${command.join(" ")} where the home directory is read-only`, "ro", async (disk) => {
    const { code, stderr } = await runProgram(command, { env: { HOME: disk.path } });
    assert.equal(code, 1);
    isOneSentence(stderr);
    assert.ok(stderr.includes(`Cannot use ${disk.path}/.mesh-llm as data directory: `), stderr);
    assert.match(stderr, /the disk is mounted read-only\. Name another one with --data-dir\n$/);
  });

  Deno.test(`${command.join(" ")} without a home directory`, async () => {
    const { code, stderr } = await runProgram(command, { env: { HOME: "" } });
    assert.equal(code, 2);
    isOneSentence(stderr);
    assert.match(stderr, /There is no home directory .*--data-dir/);
  });
}

diskTest("doctor where the home directory is read-only", "ro", async (disk) => {
  const { code, stdout, stderr } = await runProgram(["doctor", "--json"], {
    env: { HOME: disk.path },
  });
  assert.equal(code, 1);
  assert.equal(stderr, "");
  const { findings } = JSON.parse(stdout);
  const finding = findings.find(({ check }: { check: string }) => check === "data directory");
  const path = join(disk.path, ".mesh-llm");
  assert.equal(finding.found, `Nothing can be written to ${path}: the disk is mounted read-only`);
});

diskTest("a data directory from which nothing may run", "size=4m,noexec", async (disk) => {
  const { code, stderr } = await runProgram([
    "engine",
    "install",
    "--data-dir",
    join(disk.path, "data"),
  ]);
  assert.equal(code, 1);
  isOneSentence(stderr);
  assert.match(stderr, /into \/\S+: .* mounted noexec\. Name a folder .* with --data-dir\n$/);
});

diskTest("llama.cpp on a disk from which nothing may run", "size=4m,noexec", async (disk) => {
  for (const name of ["llama-server", "rpc-server"]) {
    await Deno.writeTextFile(join(disk.path, name), "#!/bin/sh\n", { mode: 0o755 });
  }
  const { code, stderr } = await runProgram(["engine", "show", "--bin-dir", disk.path]);
  assert.equal(code, 1);
  isOneSentence(stderr);
  assert.match(stderr, /Cannot use \/\S+\/llama-server: .*noexec/);
});
