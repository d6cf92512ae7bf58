import { FOLDER_QUIET_MS, RESCAN_INTERVAL_MS } from "../base/defaults.ts";

export interface FolderWatchOptions {
  /** Those that do not exist yet are watched once they do. */
  readonly folders: readonly string[];
  /** Looks at all folders. */
  readonly look: (signal: AbortSignal) => Promise<void>;
}

/**
 * Looks whenever something has changed in the folders and they are quiet again, and now and then in any
 * case: network disks tell of nothing, and the system's watches can run out. Until the signal aborts.
 */
export async function watchFolders(
  { folders, look }: FolderWatchOptions,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const watched = await existing(folders);
    await using changes = new Changes(watched);
    // After the watch has begun, so that what comes between two looks is not missed.
    do {
      await look(signal).catch((error) => {
        if (!signal.aborted) throw error;
      });
      await changes.next(signal);
    } while (!signal.aborted && String(watched) === String(await existing(folders)));
  }
}

/** Changes in folders, reported once they are quiet again. */
class Changes implements AsyncDisposable {
  readonly #watchers: readonly Deno.FsWatcher[];
  readonly #reading: Promise<unknown>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #changed = Promise.withResolvers<void>();

  constructor(folders: readonly string[]) {
    // One a folder: where one of them can't be watched, the others are.
    this.#watchers = folders.flatMap((folder) => openWatcher(folder) ?? []);
    this.#reading = Promise.allSettled(this.#watchers.map((watcher) => this.#read(watcher)));
  }

  /** Resolves after a change since the last call, after the interval, or at the abort. */
  async next(signal: AbortSignal): Promise<void> {
    const changed = this.#changed;
    const wake = () => changed.resolve();
    const timer = setTimeout(wake, RESCAN_INTERVAL_MS);
    signal.addEventListener("abort", wake, { once: true });
    if (signal.aborted) wake();
    await changed.promise;
    this.#changed = Promise.withResolvers();
    clearTimeout(timer);
    signal.removeEventListener("abort", wake);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers) watcher.close();
    await this.#reading;
    clearTimeout(this.#timer);
  }

  /** If the system reports nothing more about a folder, the interval remains. */
  async #read(watcher: Deno.FsWatcher): Promise<void> {
    for await (const { kind, paths } of watcher) {
      if (kind === "access" || paths.every(isOwn)) continue;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#changed.resolve(), FOLDER_QUIET_MS);
    }
  }
}

/** The files that our own downloads write until they are done. */
function isOwn(path: string): boolean {
  return /\.(part|part\.json|download\.json|new)$/.test(path);
}

function openWatcher(folder: string): Deno.FsWatcher | null {
  try {
    return Deno.watchFs(folder);
  } catch {
    return null; // unreadable, or the system's watches have run out: the interval is left
  }
}

async function existing(folders: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const folder of folders) {
    const info = await Deno.stat(folder).catch(() => null);
    if (info?.isDirectory) found.push(folder);
  }
  return found;
}
