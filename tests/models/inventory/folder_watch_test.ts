import assert from "node:assert/strict";
import { join } from "node:path";
import { watchFolders } from "../../../src/models/inventory/folder_watch.ts";
import { tempDir } from "../temp_dir.ts";

/** The behaviour of the system's watcher once its queue has run over, or its disk is gone. */
function failingWatcher(): Deno.FsWatcher {
  return {
    [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error("queue overflow")) }),
    close: () => {},
  } as unknown as Deno.FsWatcher;
}

Deno.test("watchFolders() goes on with the other folders where the watch of one breaks off", async () => {
  await using root = await tempDir();
  const folders = ["broken", "whole"].map((name) => join(root.path, name));
  for (const folder of folders) await Deno.mkdir(folder);
  const { watchFs } = Deno;
  Deno.watchFs = (paths, options) =>
    paths === folders[0] ? failingWatcher() : watchFs(paths, options);
  const ending = new AbortController();
  let looks = 0;
  const again = Promise.withResolvers<void>();
  const first = Promise.withResolvers<void>();
  try {
    const watching = watchFolders({
      folders,
      look() {
        (++looks === 1 ? first : again).resolve();
        return Promise.resolve();
      },
    }, ending.signal);
    await first.promise;
    await Deno.writeTextFile(join(folders[1]!, "new.gguf"), "");
    await Promise.race([again.promise, watching]);
    assert.equal(looks, 2, "it ended");
    ending.abort();
    await watching;
  } finally {
    Deno.watchFs = watchFs;
  }
});
