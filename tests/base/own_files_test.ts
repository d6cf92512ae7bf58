import assert from "node:assert/strict";
import { join } from "node:path";
import { writeWhole } from "../../src/base/atomic_file.ts";
import {
  ForeignFileError,
  isForeign,
  openOwn,
  othersMayWrite,
  readOwnText,
} from "../../src/base/own_files.ts";
import { asOtherUser, OTHER_USER, otherUserTest, withUmask } from "../support/other_user.ts";
import { temporaryFolder } from "../support/program.ts";

const owners: [uid: number | null, self: number | null, foreign: boolean][] = [
  [1000, 1000, false],
  [0, 1000, false],
  [1001, 1000, true],
  [1000, 0, true],
  [null, 1000, false],
  [1000, null, false],
];

for (const [uid, self, foreign] of owners) {
  Deno.test(`isForeign() says ${foreign} of a file of ${uid} to ${self}`, () => {
    assert.equal(isForeign({ uid }, self), foreign);
  });
}

const modes: [mode: number | null, gid: number, open: boolean][] = [
  [0o700, 7, false],
  [0o755, 7, false],
  [0o757, 7, true],
  [0o775, 7, true],
  [0o775, 1000, false],
  [0o777, 1000, true],
  [null, 7, false],
];

for (const [mode, gid, open] of modes) {
  Deno.test(`othersMayWrite() says ${open} of mode ${mode?.toString(8)} and group ${gid}`, () => {
    assert.equal(othersMayWrite({ uid: 1000, gid, mode }), open);
  });
}

async function modeOf(path: string): Promise<number> {
  return ((await Deno.stat(path)).mode ?? 0) & 0o777;
}

Deno.test("openOwn() makes a file that is as readable as its folder, whatever the mask, and opens it again", async () => {
  await using folder = await temporaryFolder();
  for (const mask of [0, 0o077]) {
    for (const [of, expected] of [[0o700, 0o600], [0o755, 0o644], [0o777, 0o644]] as const) {
      await Deno.chmod(folder.path, of);
      const path = join(folder.path, `${mask} ${of}`);
      await withUmask(mask, async () => (await openOwn(path)).close());
      assert.equal(await modeOf(path), expected);
      await Deno.writeTextFile(path, "kept");
      using again = await openOwn(path);
      assert.equal((await again.stat()).size, 4);
    }
  }
});

Deno.test("openOwn() follows no link, waits for no pipe, and takes no file with a second name", async () => {
  await using folder = await temporaryFolder();
  const at = (name: string) => join(folder.path, name);
  await Deno.writeTextFile(at("target"), "kept");
  await Deno.symlink(at("target"), at("link"));
  await Deno.symlink(at("new"), at("dangling"));
  await Deno.link(at("target"), at("second"));
  await new Deno.Command("mkfifo", { args: [at("pipe")] }).output();
  await Deno.mkdir(at("folder"));
  for (const name of ["link", "dangling", "second", "pipe", "folder"]) {
    await assert.rejects(openOwn(at(name)), ForeignFileError, name);
    assert.equal(await readOwnText(at(name), 10), name === "second" ? "kept" : "", name);
  }
  assert.equal(await Deno.readTextFile(at("target")), "kept");
  await assert.rejects(Deno.lstat(at("new")), Deno.errors.NotFound);
  assert.equal(await readOwnText(at("target"), 3), "", "too long");
});

Deno.test("writeWhole() replaces what lies under its draft's name, and writes through no link", async () => {
  await using folder = await temporaryFolder();
  const [path, victim] = [join(folder.path, "x.json"), join(folder.path, "victim")];
  await Deno.writeTextFile(victim, "kept");
  await Deno.symlink(victim, `${path}.${Deno.pid}.tmp`);
  await writeWhole(path, "new");
  assert.equal(await Deno.readTextFile(path), "new");
  assert.equal(await Deno.readTextFile(victim), "kept");
  assert.deepEqual((await Array.fromAsync(Deno.readDir(folder.path))).length, 2);
});

otherUserTest(
  "openOwn() takes nothing that another user has put into a shared folder",
  async () => {
    await using folder = await temporaryFolder();
    await Deno.chmod(folder.path, 0o777);
    const [file, link] = [join(folder.path, "file"), join(folder.path, "link")];
    const victim = join(folder.path, "victim");
    await Deno.writeTextFile(victim, "kept");
    assert.ok(await asOtherUser("touch", file));
    assert.ok(await asOtherUser("ln", "-s", victim, link));
    assert.equal((await Deno.stat(file)).uid, OTHER_USER);
    for (const path of [file, link]) await assert.rejects(openOwn(path), ForeignFileError);
    await Deno.writeTextFile(file, "theirs");
    assert.equal(await readOwnText(file, 100), "");
    assert.equal(await Deno.readTextFile(victim), "kept");
  },
);
