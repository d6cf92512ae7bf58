import { join } from "node:path";
import { removeFolder } from "../support/remove_folder.ts";

/** A folder that is gone at the end of the test: `await using dir = await tempDir()`. */
export async function tempDir(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await Deno.makeTempDir({ prefix: "mesh-llm-engine-" });
  return { path, [Symbol.asyncDispose]: () => removeFolder(path) };
}

/** Writes an executable shell script and returns its path. */
export async function writeScript(dir: string, name: string, body: string): Promise<string> {
  await Deno.mkdir(dir, { recursive: true });
  const path = join(dir, name);
  await Deno.writeTextFile(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return path;
}
