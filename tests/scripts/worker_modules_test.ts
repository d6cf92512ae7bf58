import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const FOLDER = new URL("../../src/models/hashing/", import.meta.url);

// The executable has this folder as it is: what a module of it imported from elsewhere was missing there, and all weights
// crossed the network.
Deno.test("the modules of the thread that hashes import one another, and what the runtime brings", async () => {
  for await (const { name } of Deno.readDir(FOLDER)) {
    const text = await Deno.readTextFile(new URL(name, FOLDER));
    const imported = [...text.matchAll(/(?:from|import)\s*\(?"([^"]+)"/g)].map(([, path]) => path);
    for (const path of imported) {
      assert.match(String(path), /^(\.\/[\w.]+|node:\w+)$/, fileURLToPath(new URL(name, FOLDER)));
    }
  }
});
