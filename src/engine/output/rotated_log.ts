import { Buffer } from "node:buffer";
import { dirname } from "node:path";
import { DISK_PATIENCE_MS } from "../base/defaults.ts";
import { finishesWithin } from "../../base/finishes_within.ts";
import { writeAll } from "../../base/write_all.ts";

export interface RotationOptions {
  readonly maxBytes: number;
  /** Including the one being written: `x.log`, `x.log.1`, `x.log.2`. */
  readonly files: number;
}

/**
 * Appends to a file and begins a new one when it is full. Writes queue up. Output that comes while the disk hangs is
 * lost: a child blocks until its output is read, and must not wait for a disk.
 */
export class RotatedLog {
  readonly #path: string;
  readonly #options: RotationOptions;
  #file: Deno.FsFile | null = null;
  #bytes = 0;
  #writing: Promise<void> = Promise.resolve();
  #hangs = false;
  #lostBytes = 0;

  constructor(path: string, options: RotationOptions) {
    this.#path = path;
    this.#options = options;
  }

  /** The bytes may be used again once it resolves. @throws what the disk says; a later write tries again. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#hangs) {
      this.#lostBytes += bytes.length;
      return;
    }
    const own = this.#withGap(bytes);
    if (await finishesWithin(this.#next(() => this.#append(own)), DISK_PATIENCE_MS)) return;
    if (this.#hangs) return;
    this.#hangs = true;
    this.#writing.catch(() => {}).then(() => this.#hangs = false);
    throw new Error("the disk does not finish a write. Lines that come meanwhile are lost");
  }

  /** Resolves when all is written, or the disk hangs. A later write opens the file again. */
  async close(): Promise<void> {
    await finishesWithin(this.#next(() => this.#closeFile()), DISK_PATIENCE_MS);
  }

  #next(work: () => void | Promise<void>): Promise<void> {
    this.#writing = this.#writing.catch(() => {}).then(work);
    return this.#writing;
  }

  async #append(bytes: Uint8Array): Promise<void> {
    await this.#open();
    if (this.#bytes > 0 && this.#bytes + bytes.length > this.#options.maxBytes) {
      await this.#rotate();
    }
    const file = await this.#open();
    this.#bytes += bytes.length;
    await writeAll(file, bytes);
  }

  /** A copy, behind what is to be said of bytes that are lost. */
  #withGap(bytes: Uint8Array): Uint8Array {
    if (this.#lostBytes === 0) return bytes.slice();
    const gap = `\n[${this.#lostBytes} bytes are lost: the disk did not take them]\n`;
    this.#lostBytes = 0;
    return Buffer.concat([Buffer.from(gap), bytes]);
  }

  async #open(): Promise<Deno.FsFile> {
    if (this.#file !== null) return this.#file;
    await Deno.mkdir(dirname(this.#path), { recursive: true });
    const file = await Deno.open(this.#path, { append: true, create: true, mode: 0o600 });
    this.#bytes = (await file.stat()).size;
    return this.#file = file;
  }

  async #rotate(): Promise<void> {
    this.#closeFile();
    for (let number = this.#options.files - 1; number > 0; number--) {
      const from = number === 1 ? this.#path : `${this.#path}.${number - 1}`;
      await Deno.rename(from, `${this.#path}.${number}`).catch(ignoreNotFound);
    }
  }

  #closeFile(): void {
    this.#file?.close();
    this.#file = null;
    this.#bytes = 0;
  }
}

function ignoreNotFound(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
