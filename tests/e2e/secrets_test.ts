/** The secrets of a node that every user of a machine could read there. */

import assert from "node:assert/strict";
import { nodeTest, startServing, until, warm } from "./mesh_of_nodes.ts";

const API_KEY = "key-of-the-api-that-nobody-may-see";

/** The command lines of all processes, as `ps` shows them to everybody. */
async function commandLines(): Promise<string[]> {
  const lines: string[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    // It may have ended meanwhile.
    lines.push(await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => ""));
  }
  return lines;
}

if (Deno.build.os === "linux") {
  nodeTest("no invite and no key stands in any command line, however it was given", async () => {
    await using host = await startServing(["--model", "guide"], {
      env: { MESH_LLM_API_KEY: "another-key-that-nobody-may-see", HF_TOKEN: "hf_not_to_be_seen" },
    });
    await using client = await startServing(
      ["--client", "--join", host.token, `--api-key=${API_KEY}`],
    );
    await using member = await startServing(["--max-vram", "1"], {
      env: { MESH_LLM_JOIN: host.token },
    });
    await until(host, "warm", warm("guide"));
    await until(member, "in the mesh", ({ peers }) => peers.length === 1);
    await until(client, "in the mesh", warm("guide"));
    const lines = await commandLines();
    const shown = lines.filter((line) => line.includes(client.dataDir));
    assert.equal(shown.length, 1, "what is not secret is still shown");
    assert.match(shown[0] ?? "", /\0--join\0\*+\0--api-key=\*+\0/);
    for (const secret of [host.token, API_KEY, "that-nobody-may-see", "hf_not_to_be_seen"]) {
      assert.deepEqual(lines.filter((line) => line.includes(secret)), [], secret.slice(0, 8));
    }
  });
}
