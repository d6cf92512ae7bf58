import { fileIdentity } from "../../models/mod.ts";
import { CHANGED_FILE_CHECK_MS } from "../plan/defaults.ts";

export interface ChangedFilesOptions {
  /** A file is another than it was, and nobody writes it any more. */
  readonly changed: () => void;
  /** As the process's timer. @returns what calls it off */
  readonly after: (ms: number, action: () => void) => () => void;
}

/**
 * Looks at a few files now and then, wherever they lie: the folders of models are watched, and a model that is named by its
 * path may be anywhere.
 */
export class ChangedFiles {
  readonly #options: ChangedFilesOptions;
  #paths: readonly string[] = [];
  #before: string | null = null;
  #isChanging = false;
  #cancel: () => void = () => {};

  constructor(options: ChangedFilesOptions) {
    this.#options = options;
  }

  /** From now on these are looked at; none ends it. */
  watch(paths: readonly string[]): void {
    if (String(paths) === String(this.#paths)) return;
    this.#cancel();
    this.#paths = paths;
    this.#before = null;
    this.#isChanging = false;
    if (paths.length > 0) void this.#check(paths);
  }

  async #check(paths: readonly string[]): Promise<void> {
    const now = JSON.stringify(await Promise.all(paths.map(identityOf)));
    if (paths !== this.#paths) return;
    const isOther = this.#before !== null && this.#before !== now;
    this.#before = now;
    // A copy in progress is another file at each look.
    const isDone = this.#isChanging && !isOther;
    this.#isChanging = isOther;
    this.#cancel = this.#options.after(CHANGED_FILE_CHECK_MS, () => void this.#check(paths));
    if (isDone) this.#options.changed();
  }
}

/** A file that is gone is told from one that is there. */
async function identityOf(path: string): Promise<object | null> {
  return await fileIdentity(path).catch(() => null);
}
