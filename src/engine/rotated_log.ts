import { dirname } from "node:path";

export interface RotationOptions {
  readonly maxBytes: number;
  /** Including the one being written: `x.log`, `x.log.1`, `x.log.2`. */
  readonly files: number;
}

/** Appends to a file and begins a new one when it is full. Writes queue up; nobody has to wait for them. */
export class RotatedLog {
  readonly #path: string;
  readonly #options: RotationOptions;
  #file: Deno.FsFile | null = null;
  #bytes = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(path: string, options: RotationOptions) {
    this.#path = path;
    this.#options = options;
  }

  /** @throws what the disk says; a later write tries again. */
  write(bytes: Uint8Array): Promise<void> {
    this.#writing = this.#writing.catch(() => {}).then(() => this.#append(bytes));
    return this.#writing;
  }

  /** Resolves when all is written. A later write opens the file again. */
  close(): Promise<void> {
    this.#writing = this.#writing.catch(() => {}).then(() => this.#closeFile());
    return this.#writing;
  }

  async #append(bytes: Uint8Array): Promise<void> {
    await this.#open();
    if (this.#bytes > 0 && this.#bytes + bytes.length > this.#options.maxBytes) {
      await this.#rotate();
    }
    const file = await this.#open();
    this.#bytes += bytes.length;
    for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
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
