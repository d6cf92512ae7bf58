/** A disk of its own for a data directory, so small that a test can fill it. Linux, as root. */

import { join } from "node:path";
import { command } from "../../support/namespaces.ts";

/** A node's own files take some 2 MB, and its logs grow. */
const SIZE = "64m";

/** The largest piece that is written, and the smallest, after which no file of the node's finds room. */
const PIECES_BYTES = [1 << 20, 1 << 12];

export class SmallDisk implements AsyncDisposable {
  readonly #filler: string;

  private constructor(readonly path: string) {
    this.#filler = join(path, "filler");
  }

  /** `null` where this machine lets nobody mount one. */
  static async mount(path: string): Promise<SmallDisk | null> {
    if (Deno.build.os !== "linux" || Deno.uid() !== 0) return null;
    try {
      await command("mount", ["-t", "tmpfs", "-o", `size=${SIZE},mode=0700`, "tmpfs", path]);
      return new SmallDisk(path);
    } catch {
      return null;
    }
  }

  async fill(): Promise<void> {
    using file = await Deno.open(this.#filler, { create: true, write: true, append: true });
    for (const bytes of PIECES_BYTES) {
      const piece = new Uint8Array(bytes);
      while (await file.write(piece).then(() => true, () => false));
    }
  }

  async free(): Promise<void> {
    await Deno.remove(this.#filler);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await command("umount", ["-l", this.path]);
  }
}
