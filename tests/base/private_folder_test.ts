import assert from "node:assert/strict";
import { join } from "node:path";
import { ForeignFileError } from "../../src/base/own_files.ts";
import { makePrivate, replaceableIn } from "../../src/base/private_folder.ts";
import {
  asOtherUser,
  openToOthers,
  OTHER_USER,
  otherUserTest,
  withUmask,
} from "../support/other_user.ts";
import { temporaryFolder } from "../support/program.ts";

const OPTIONS = {
  isOurs: (name: string) => ["lock", "config.toml", "logs", "models"].includes(name),
  nested: ["logs"],
  users: ["config.toml"],
};

async function modeOf(path: string): Promise<number> {
  return ((await Deno.lstat(path)).mode ?? 0) & 0o777;
}

/** A folder that anybody could fill, with what a program left there whose mask was 0. */
async function openFolder(folder: string, ...more: string[]): Promise<void> {
  await withUmask(0, async () => {
    await Deno.mkdir(join(folder, "logs/old"), { recursive: true });
    await Deno.mkdir(join(folder, "models"));
    for (const name of ["lock", "config.toml", ...more]) {
      await Deno.writeTextFile(join(folder, name), "x");
    }
  });
  await Deno.chmod(folder, 0o777);
}

Deno.test("makePrivate() makes a folder for its owner alone, whatever the mask", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "a/b");
  await withUmask(0, () => makePrivate(path, OPTIONS));
  assert.equal(await modeOf(path), 0o700);
  await Deno.chmod(path, 0o777);
  await makePrivate(path, OPTIONS);
  assert.equal(await modeOf(path), 0o700, "an empty one that was there");
});

Deno.test("makePrivate() closes what an earlier start has left open, but for what the user has written", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "data");
  await Deno.mkdir(path);
  await openFolder(path);
  await makePrivate(path, OPTIONS);
  assert.equal(await modeOf(path), 0o700);
  assert.deepEqual(await openToOthers(path), [`${path}/config.toml 666`]);
});

Deno.test("makePrivate() takes from a folder with other things in it no more than that others change it", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "home");
  await Deno.mkdir(path);
  await openFolder(path, "letters.txt");
  await makePrivate(path, OPTIONS);
  assert.equal(await modeOf(path), 0o755);
  assert.equal(await modeOf(join(path, "models")), 0o755);
  assert.equal(await modeOf(join(path, "letters.txt")), 0o666);
});

Deno.test("makePrivate() leaves a folder of everybody's as it is, and does not take it", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "tmp");
  await Deno.mkdir(path);
  await Deno.chmod(path, 0o1777);
  await assert.rejects(makePrivate(path, OPTIONS), /is for everybody's files/);
  assert.equal((await Deno.stat(path)).mode! & 0o7777, 0o1777);
});

Deno.test("makePrivate() follows links of the user's own, and changes nothing where they lead", async () => {
  await using folder = await temporaryFolder();
  const [data, disk] = [join(folder.path, "data"), join(folder.path, "disk")];
  await Deno.mkdir(data);
  await Deno.mkdir(disk);
  await Deno.chmod(disk, 0o755);
  await Deno.symlink(disk, join(data, "models"));
  await makePrivate(data, OPTIONS);
  assert.equal(await modeOf(disk), 0o755);
});

Deno.test("replaceableIn() finds who else may rename a folder, however far above", async () => {
  await using folder = await temporaryFolder();
  const [shared, data] = [join(folder.path, "shared"), join(folder.path, "shared/mine/data")];
  await Deno.mkdir(data, { recursive: true });
  const modes = [[0o755, null], [0o777, shared], [0o1777, null], [0o757, shared]] as const;
  for (const [mode, expected] of modes) {
    await Deno.chmod(shared, mode);
    const found = await replaceableIn(data);
    assert.equal(found, expected === null ? null : await Deno.realPath(expected), mode.toString(8));
  }
});

otherUserTest(
  "makePrivate() takes no folder of another user's, and none where one has put something",
  async () => {
    await using folder = await temporaryFolder();
    await Deno.chmod(folder.path, 0o755);
    const theirs = join(folder.path, "theirs");
    await Deno.mkdir(theirs);
    await Deno.chown(theirs, OTHER_USER, OTHER_USER);
    await assert.rejects(makePrivate(theirs, OPTIONS), ForeignFileError);
    const plants = [["touch", "lock"], ["ln", "-s", "/etc", "models"], ["mkdir", "logs"]];
    for (const [command = "", ...words] of plants) {
      const open = join(folder.path, words.at(-1) ?? "");
      await Deno.mkdir(open);
      await Deno.chmod(open, 0o777);
      const name = join(open, words.at(-1) ?? "");
      assert.ok(await asOtherUser(command, ...words.slice(0, -1), name));
      await assert.rejects(makePrivate(open, OPTIONS), (error: Error) => {
        assert.ok(error instanceof ForeignFileError);
        assert.ok(error.message.startsWith(`${name} belongs to another user`));
        return true;
      });
      assert.equal((await modeOf(open)) & 0o022, 0, "and nothing more can come");
    }
  },
);

otherUserTest("replaceableIn() finds a link on the way that another user has made", async () => {
  await using folder = await temporaryFolder();
  await Deno.chmod(folder.path, 0o1777);
  const [real, link] = [join(folder.path, "real"), join(folder.path, "link")];
  await Deno.mkdir(join(real, "data"), { recursive: true });
  assert.ok(await asOtherUser("ln", "-s", real, link));
  assert.equal(await replaceableIn(join(real, "data")), null);
  assert.equal(await replaceableIn(join(link, "data")), link);
});
