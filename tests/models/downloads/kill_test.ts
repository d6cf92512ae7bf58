import assert from "node:assert/strict";
import { join } from "node:path";
import { tempDir } from "../temp_dir.ts";
import { content, FaultyServer, honest, json, sha256 } from "../../downloads/faulty_server.ts";

const PROCESS = new URL("./download_process.ts", import.meta.url).pathname;
const CHUNK = 32 * 1024;
const FILE = content(120 * CHUNK - 77);
const KILLS = Number(Deno.env.get("MESH_LLM_TEST_KILLS") ?? 20);
/** Requests that are under way when the process dies are lost, one for each of its ranges. */
const LOST_BY_A_KILL = 4;

function download(folder: string, port: number): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-check", PROCESS, folder, String(port)],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

Deno.test(`a download that is killed ${KILLS} times goes on each time, and is right in the end`, async () => {
  await using dir = await tempDir();
  let ranges = 0;
  let killAt = Infinity;
  let child: Deno.ChildProcess | undefined;
  await using server = new FaultyServer((asked) => {
    if (asked.range === null) {
      const lfs = { sha256: sha256(FILE), size: FILE.length };
      const siblings = [{ rfilename: "m-Q8_0.gguf", size: FILE.length, lfs }];
      return json({ sha: "e".repeat(40), siblings });
    }
    // At a random request, and within it at whatever moment that is for the process.
    if (++ranges === killAt) child?.kill("SIGKILL");
    return honest(FILE, asked);
  });
  for (let kills = 0; kills < KILLS; kills++) {
    killAt = ranges + 1 + Math.floor(Math.random() * 8);
    child = download(dir.path, server.port);
    const { signal } = await child.status;
    await child.stdout.cancel();
    assert.equal(signal, "SIGKILL", "it ended before it was killed");
  }
  killAt = Infinity;
  child = download(dir.path, server.port);
  assert.equal(await new Response(child.stdout).text(), "done");
  await child.status;
  assert.deepEqual(await Deno.readFile(join(dir.path, "org/repo/m-Q8_0.gguf")), FILE);
  assert.ok(ranges <= 120 + KILLS * LOST_BY_A_KILL, `${ranges} ranges were asked for`);
  const left = await Array.fromAsync(Deno.readDir(join(dir.path, "org/repo")));
  assert.deepEqual(left.map(({ name }) => name), ["m-Q8_0.gguf"]);
});
