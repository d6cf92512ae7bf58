/** `update()` in a process that can be killed: EXECUTABLE FOLDER KEY TARGET VERSION. Tells when it begins and ends. */

import { releaseSource } from "../../../src/cli/update/release_source.ts";
import { update } from "../../../src/cli/update/update.ts";

const [executable = "", folder = "", key = "", target = "", version = ""] = Deno.args;
const say = (word: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${word}\n`));
say("begins");
await update({
  source: releaseSource(folder, undefined),
  key,
  target,
  executable,
  signal: new AbortController().signal,
  wait: () => new Promise((resolve) => setTimeout(resolve, 10)),
  onBytes: () => {},
}, version);
say("done");
