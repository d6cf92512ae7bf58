/** A download in a process of its own, so that a test can kill it: `folder port`, answers `done`. */

import { Downloads } from "../../../src/models/mod.ts";
import { freeBytes } from "../../../src/downloads/disk.ts";

const [folder = "", port = ""] = Deno.args;

const downloads = await Downloads.open({
  folder,
  hub: new URL(`http://127.0.0.1:${port}`),
  world: {
    rules: {
      allowsUrl: (url) => url.port === port,
      allowsAddress: (address) => address === "127.0.0.1",
    },
    token: null,
    freeBytes,
    pause: () => Promise.resolve(),
    chunkBytes: 32 * 1024,
  },
  checkFit: () => {},
  peersFor: () => [],
  onLiar: () => {},
  onFinished: () => {},
  onProgress: () => {},
  now: () => Date.now(),
});
const { name } = await downloads.start("org/repo");
const ended = await downloads.ended(name);
await Deno.stdout.write(new TextEncoder().encode(ended === undefined ? "done" : ended.error ?? ""));
