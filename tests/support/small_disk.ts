/** A file system that is soon full, or that takes nothing: a real one, in memory. Linux, as root. */

import { command } from "./namespaces.ts";
import { temporaryFolder } from "./program.ts";

export interface SmallDisk extends AsyncDisposable {
  readonly path: string;
  /** Fills what is left of it, or makes room again. */
  fill(): Promise<void>;
  empty(): Promise<void>;
}

/** Why this machine mounts nothing, `null` where it does. */
export async function whyNoMounts(): Promise<string | null> {
  if (Deno.build.os !== "linux") return "tmpfs is Linux's";
  try {
    await using _disk = await smallDisk("size=64k");
    return null;
  } catch (error) {
    // On CI there is no excuse.
    if (Deno.env.get("CI") === "true") throw error;
    return String(error);
  }
}

/** @param options as mount(8) takes them for tmpfs: `size=64k`, `nr_inodes=5`, `ro` */
export async function smallDisk(options: string): Promise<SmallDisk> {
  const folder = await temporaryFolder();
  const { path } = folder;
  const ballast = `${path}/ballast`;
  try {
    await command("mount", ["-t", "tmpfs", "-o", options, "mesh-llm-test", path]);
  } catch (error) {
    await folder[Symbol.asyncDispose]();
    throw error;
  }
  return {
    path,
    fill: () => fill(ballast),
    empty: () => Deno.remove(ballast),
    async [Symbol.asyncDispose]() {
      // Lazily: a process that is only just ending may still have a file open.
      await command("umount", ["--lazy", path]);
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function fill(path: string): Promise<void> {
  using file = await Deno.open(path, { append: true, create: true });
  const page = new Uint8Array(4_096);
  try {
    for (;;) await file.write(page);
  } catch (error) {
    if (!String(error).includes("No space left")) throw error;
  }
}
