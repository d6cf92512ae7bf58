import { unlessMissing } from "../../base/unless_missing.ts";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { writeWhole } from "../../base/atomic_file.ts";
import { sameFile } from "./file_identity.ts";
import type { FileIdentity, FileIndex } from "./indexed_tensors.ts";

const hex = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`));

const count = z.int().nonnegative();

const schema = z.object({
  file: z.object({ path: z.string(), sizeBytes: count, mtimeMs: z.number(), inode: count }),
  tensors: z.array(z.object({
    name: z.string(),
    type: count,
    shape: z.array(count),
    offset: count,
    byteLength: count,
    sha256: hex(64),
    fnv1a64: hex(16),
    pieces: z.array(hex(64)),
  })),
});

/** Indexes of files that were hashed before, one small file each. */
export class IndexCache {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** `undefined` where the file is new or another one by now. */
  async read(file: FileIdentity): Promise<FileIndex | undefined> {
    const text = await unlessMissing(Deno.readTextFile(this.#path(file)));
    const index = text === undefined ? undefined : parse(text);
    return index !== undefined && sameFile(index.file, file) ? index : undefined;
  }

  /** Written whole or not at all. */
  async write(index: FileIndex): Promise<void> {
    await writeWhole(this.#path(index.file), JSON.stringify(index));
  }

  #path({ path }: FileIdentity): string {
    return join(this.#folder, `${createHash("sha256").update(path).digest("hex")}.json`);
  }
}

/** A damaged entry is the same as none: the file is hashed again. */
function parse(text: string): FileIndex | undefined {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
