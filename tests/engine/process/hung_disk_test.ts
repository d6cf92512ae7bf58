/** A disk that takes a write and never finishes it: a pipe that nobody reads does the same to a process that opens it. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { RotatedLog } from "../../../src/engine/output/rotated_log.ts";
import { scripted } from "../scripted.ts";
import { solo, stateOf, supervising } from "../supervising.ts";
import { tempDir } from "../temp_dir.ts";

async function makePipe(path: string): Promise<void> {
  assert((await new Deno.Command("mkfifo", { args: [path] }).output()).success);
}

const bytes = (text: string) => new TextEncoder().encode(text);

/** More than a pipe holds, and then as much as llama.cpp says of its progress. */
const TALKS = `
line=$(printf '%01000d' 0); n=0
while [ $n -lt 300 ]; do echo "$line"; n=$((n+1)); done
echo .......... >&2; exec sleep 60`;

Deno.test("a log that the disk does not take keeps no server from working, and nobody from seeing its end", async () => {
  await using dir = await tempDir();
  await using parts = await supervising(await scripted(dir.path, TALKS));
  await Deno.mkdir(join(parts.dataDir, "logs"));
  const path = join(parts.dataDir, "logs/llama-server.log");
  await makePipe(path);
  const server = parts.supervisor.launch(solo, { restart: false });
  const { promise: isThrough, resolve } = Promise.withResolvers<void>();
  server.subscribe(() => server.progress === 0.1 && resolve());
  await isThrough;
  Deno.kill(server.pid!, "SIGKILL");
  assert.equal((await stateOf(server, "failed")).exitCode, 137);
  await parts.supervisor.stop();
  using _reader = await Deno.open(path); // lets the write that hangs go on: nothing is left behind
});

Deno.test("RotatedLog says once that the disk hangs, and later what was lost meanwhile", async () => {
  await using dir = await tempDir();
  const path = join(dir.path, "server.log");
  await makePipe(path);
  const log = new RotatedLog(path, { maxBytes: 1_000, files: 2 });
  await assert.rejects(log.write(bytes("first")), /the disk does not finish a write/);
  for (const text of ["lost", "this too"]) await log.write(bytes(text));
  using reader = await Deno.open(path);
  await log.close();
  await log.write(bytes("last"));
  const read = new Uint8Array(1_000);
  let text = "";
  while (!text.includes("last")) {
    text += new TextDecoder().decode(read.subarray(0, await reader.read(read) ?? 0));
  }
  assert.match(text, /^first\n\[12 bytes are lost: .*\]\nlast$/);
  await log.close();
});
