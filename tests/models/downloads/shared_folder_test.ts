/** A folder of models that other users of the machine write to as well. */

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import {
  type AddressRules,
  DownloadRefusedError,
  PUBLIC_ONLY,
} from "../../../src/downloads/mod.ts";
import { downloadFile, type DownloadWorld } from "../../../src/downloads/download_file.ts";
import { MODEL_ADVICE } from "../../../src/models/downloads/advice.ts";
import { checkRoom } from "../../../src/models/downloads/room.ts";
import { UnfinishedStore } from "../../../src/models/downloads/unfinished.ts";
import { asOtherUser, otherUserTest, withUmask } from "../../support/other_user.ts";
import { temporaryFolder } from "../../support/program.ts";
import { FaultyServer, honest, sha256 } from "../../downloads/faulty_server.ts";

const FILE = crypto.getRandomValues(new Uint8Array(50_000));

function worldOf(rules: AddressRules): DownloadWorld {
  return {
    rules,
    token: null,
    freeBytes: () => Promise.resolve(1e12),
    pause: () => Promise.resolve(),
    chunkBytes: 10_000,
  };
}

async function download(path: string): Promise<void> {
  await using server = new FaultyServer((asked) => honest(FILE, asked));
  const file = {
    url: new URL("/m.gguf", server.url),
    path,
    sizeBytes: FILE.length,
    sha256: sha256(FILE),
  };
  await downloadFile(file, {
    ...worldOf(server.rules),
    signal: new AbortController().signal,
    onBytes: () => {},
    advice: MODEL_ADVICE,
    peers: [],
    onLiar: () => {},
  });
}

Deno.test("a model is as readable as the folder that it is downloaded into, and its owner's to change", async () => {
  await using folder = await temporaryFolder();
  for (const [of, expected] of [[0o700, 0o600], [0o750, 0o640], [0o777, 0o644]] as const) {
    await Deno.chmod(folder.path, of);
    const path = join(folder.path, `${of}.gguf`);
    await withUmask(0o077, () => download(path));
    assert.deepEqual(await Deno.readFile(path), FILE);
    assert.equal((await Deno.stat(path)).mode! & 0o777, expected);
  }
});

Deno.test("a download goes through no link that lies under the name of its part", async () => {
  await using folder = await temporaryFolder();
  const [path, victim] = [join(folder.path, "m.gguf"), join(folder.path, "victim")];
  await Deno.writeTextFile(victim, "kept");
  for (const target of [victim, join(folder.path, "new")]) {
    await Deno.symlink(target, `${path}.part`);
    await assert.rejects(download(path), (error: Error) => {
      assert.ok(error instanceof DownloadRefusedError);
      assert.match(error.message, /^Cannot download .*m\.gguf\.part is a link: remove it/);
      return true;
    });
    await Deno.remove(`${path}.part`);
  }
  assert.equal(await Deno.readTextFile(victim), "kept");
  await Deno.symlink(victim, `${path}.part.json`);
  await download(path);
  assert.equal(await Deno.readTextFile(victim), "kept");
});

Deno.test("the record of an unfinished download names no file elsewhere, and a pipe is not waited for", async () => {
  await using folder = await temporaryFolder();
  const store = new UnfinishedStore(folder.path);
  const told = (name: string, path: string) => ({
    name,
    reference: "org/repo",
    totalBytes: 1,
    files: [{ path, sizeBytes: 1, identity: "i" }],
  });
  const here = told("here", join(folder.path, "org/repo/here.gguf"));
  await store.add(here);
  for (
    const path of ["/etc/passwd", join(folder.path, "../x.gguf"), folder.path, dirname(folder.path)]
  ) {
    await store.add(told(`elsewhere${path.length}`, path));
  }
  const target = join(folder.path, "target");
  await Deno.writeTextFile(target, JSON.stringify(told("link", join(folder.path, "l.gguf"))));
  await Deno.symlink(target, join(folder.path, "link.download.json"));
  await new Deno.Command("mkfifo", { args: [join(folder.path, "p.download.json")] }).output();
  assert.deepEqual(await store.list(), [here]);
});

otherUserTest("a download takes nothing that another user has begun or linked", async () => {
  await using folder = await temporaryFolder();
  await Deno.chmod(folder.path, 0o777);
  const path = join(folder.path, "m.gguf");
  assert.ok(await asOtherUser("touch", `${path}.part`));
  await assert.rejects(download(path), /m\.gguf\.part belongs to another user/);
  const org = join(folder.path, "org");
  assert.ok(await asOtherUser("ln", "-s", "/etc", org));
  const files = [{
    url: new URL("https://example.com/m"),
    path: join(org, "repo/m.gguf"),
    sizeBytes: 1,
    sha256: null,
  }];
  const own = { name: "m", reference: "m", repository: null, licence: null, modelBytes: 1 };
  const plan = { ...own, files };
  await assert.rejects(
    checkRoom(plan, { folder: folder.path, world: worldOf(PUBLIC_ONLY) }),
    (error: Error) => {
      assert.ok(error instanceof DownloadRefusedError);
      assert.match(error.message, /org: it is a link that another user of this machine has made$/);
      return true;
    },
  );
});
