/** The traces of a node that other users of the machine find, and the files that they can leave for it. */

import assert from "node:assert/strict";
import { join } from "node:path";
import {
  asOtherUser,
  openToOthers,
  OTHER_USER,
  otherUserTest,
  withUmask,
} from "../support/other_user.ts";
import { runProgram, temporaryFolder } from "../support/program.ts";
import { answersExactly, nodeTest, startServing } from "./mesh_of_nodes.ts";

nodeTest(
  "whatever the mask, a data directory is its user's alone, also one that was left open",
  async () => {
    await using folder = await temporaryFolder();
    const dataDir = join(folder.path, "data");
    await withUmask(0, async () => {
      await Deno.mkdir(dataDir);
      {
        await using node = await startServing(["--model", "guide"], { dataDir });
        await answersExactly(node);
        assert.deepEqual(await openToOthers(dataDir), []);
      }
      for (const name of ["logs", "cache", "models", "weights", "weights/received"]) {
        await Deno.chmod(join(dataDir, name), 0o777);
      }
      await using again = await startServing(["--model", "guide"], { dataDir });
      await answersExactly(again);
      assert.deepEqual(await openToOthers(dataDir), []);
    });
  },
);

otherUserTest(
  "a data directory of another user, or with something of theirs in it, is not used",
  async () => {
    await using folder = await temporaryFolder();
    await Deno.chmod(folder.path, 0o755);
    const theirs = join(folder.path, "theirs");
    await Deno.mkdir(theirs);
    await Deno.chown(theirs, OTHER_USER, OTHER_USER);
    const open = join(folder.path, "open");
    await Deno.mkdir(open);
    await Deno.chmod(open, 0o777);
    assert.ok(await asOtherUser("ln", "-s", "/etc/hostname", join(open, "lock")));
    const before = await Deno.readTextFile("/etc/hostname");
    const starts = [[open, "console"], [open, "models"], [theirs, "console"], [
      theirs,
      "engine install",
    ]];
    for (const [dataDir = "", words = ""] of starts) {
      const { code, stderr } = await runProgram([...words.split(" "), "--data-dir", dataDir]);
      assert.equal(code, 1, stderr);
      assert.match(
        stderr,
        /^mesh-llm: Cannot use .* belongs to another user of this machine.*--data-dir\n$/,
      );
    }
    assert.equal(await Deno.readTextFile("/etc/hostname"), before);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(theirs)), []);
  },
);

otherUserTest("settings that another user wrote, or may write, are not followed", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "config.toml");
  await Deno.writeTextFile(path, 'bin-dir = "/tmp/planted"');
  const said = async () => (await runProgram(["config", "show", "--data-dir", folder.path])).stderr;
  await Deno.chmod(path, 0o666);
  assert.match(
    await said(),
    /^mesh-llm: Cannot use .*config\.toml: others may write to it: run chmod 600 /,
  );
  await Deno.chmod(path, 0o644);
  assert.equal(await said(), "");
  await Deno.chown(path, OTHER_USER, OTHER_USER);
  assert.match(
    await said(),
    /^mesh-llm: Cannot use .*config\.toml: it belongs to another user of this machine\n$/,
  );
});
