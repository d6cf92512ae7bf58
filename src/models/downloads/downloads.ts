import { raceSignal } from "../../base/race_signal.ts";
import {
  type ChunkSource,
  downloadFile,
  type DownloadWorld,
  type FileToDownload,
  identityOf,
  leftBytes,
  removePart,
} from "../../downloads/mod.ts";
import { MODEL_ADVICE } from "./advice.ts";
import { DownloadEntry, type DownloadProgress, type EntryOptions } from "./download_entry.ts";
import { type DownloadPlan, resolveDownload } from "./resolve.ts";
import { checkRoom } from "./room.ts";
import { type Unfinished, UnfinishedStore } from "./unfinished.ts";

export interface DownloadsOptions extends EntryOptions {
  /** The folder for models. */
  readonly folder: string;
  /** `HF_ENDPOINT`, or Hugging Face. */
  readonly hub: URL;
  readonly world: DownloadWorld;
  /** @throws {DownloadRefusedError} where the model could not be run by anybody, with both numbers. */
  readonly checkFit: (plan: DownloadPlan) => void;
  /** Machines of the mesh that have the file. */
  readonly peersFor: (plan: DownloadPlan, file: FileToDownload) => readonly ChunkSource[];
  readonly onLiar: (peer: string) => void;
  /** The model lies in its folder, whole. */
  readonly onFinished: (plan: DownloadPlan) => void;
}

/** The downloads of this machine, and the only owner of what they are doing. */
export class Downloads {
  readonly #options: DownloadsOptions;
  readonly #store: UnfinishedStore;
  readonly #entries = new Map<string, DownloadEntry>();
  /** For each start that asks what is to be fetched: what has finished meanwhile. */
  readonly #asking = new Set<Map<string, DownloadProgress>>();
  readonly #stopping = new AbortController();

  /** Knows of what an earlier run has left. */
  static async open(options: DownloadsOptions): Promise<Downloads> {
    const downloads = new Downloads(options);
    for (const unfinished of await downloads.#store.list()) await downloads.#recall(unfinished);
    return downloads;
  }

  private constructor(options: DownloadsOptions) {
    this.#options = options;
    this.#store = new UnfinishedStore(options.folder);
  }

  /** Everything that was begun and is not finished. */
  list(): {
    readonly name: string;
    readonly reference: string;
    readonly progress: DownloadProgress;
  }[] {
    return [...this.#entries.values()].map(({ unfinished, progress }) => {
      const { name, reference } = unfinished;
      return { name, reference, progress };
    });
  }

  /**
   * Begins a download, or goes on with one: by its name, or by what it was asked by. Returns once it is
   * known what is to be fetched and that it is of use here.
   * @param signal ends the asking; what was begun is ended by a pause
   * @throws {InvalidReferenceError | DownloadRefusedError} or the signal's reason
   */
  async start(
    nameOrReference: string,
    signal: AbortSignal = this.#stopping.signal,
  ): Promise<{ name: string; progress: DownloadProgress }> {
    const asking = AbortSignal.any([this.#stopping.signal, signal]);
    const known = await this.#settled(() => this.#find(nameOrReference), asking);
    if (known?.ending !== undefined) {
      return { name: known.unfinished.name, progress: known.progress };
    }
    const finished = new Map<string, DownloadProgress>();
    this.#asking.add(finished);
    try {
      return await this.#startNew(known?.unfinished.reference ?? nameOrReference, finished, asking);
    } finally {
      this.#asking.delete(finished);
    }
  }

  async #startNew(
    reference: string,
    finished: ReadonlyMap<string, DownloadProgress>,
    asking: AbortSignal,
  ): Promise<{ name: string; progress: DownloadProgress }> {
    const { folder, hub, world, checkFit } = this.#options;
    const plan = await resolveDownload(reference, {
      ...world,
      hub,
      folder,
      signal: asking,
    });
    checkFit(plan);
    await checkRoom(plan, this.#options);
    asking.throwIfAborted();
    await this.#settled(() => this.#entries.get(plan.name), asking);
    // From here on without a pause: of two that come at the same time the second finds what the first has begun.
    const known = this.#entries.get(plan.name);
    const progress = finished.get(plan.name);
    if (known === undefined && progress !== undefined) return { name: plan.name, progress };
    const entry = known ?? this.#begin(plan);
    if (entry.ending === undefined) this.#run(entry, plan);
    return { name: plan.name, progress: entry.progress };
  }

  /** Keeps what has arrived. Nothing of it runs when this resolves. */
  async pause(nameOrReference: string): Promise<boolean> {
    const entry = this.#find(nameOrReference);
    if (entry === undefined) return false;
    entry.ending?.abort(new Error("The download was paused"));
    await entry.done;
    return true;
  }

  /** Removes what has arrived. */
  async cancel(nameOrReference: string): Promise<boolean> {
    const entry = this.#find(nameOrReference);
    if (entry === undefined) return false;
    await (entry.removal ??= this.#remove(entry));
    return true;
  }

  /** Resolves when the download has ended, however. */
  async ended(name: string): Promise<DownloadProgress | undefined> {
    await this.#entries.get(name)?.done;
    return this.#entries.get(name)?.progress;
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error("The node stops"));
    await Promise.all([...this.#entries.values()].map(({ done }) => done));
  }

  async #remove(entry: DownloadEntry): Promise<void> {
    const { name, files } = entry.unfinished;
    try {
      entry.ending?.abort(new Error("The download was cancelled"));
      await entry.done;
      // It may have finished first, and what has come after it is not to be removed.
      if (this.#entries.get(name) !== entry) return;
      for (const { path } of files) await removePart(path);
      await this.#store.remove(name);
      this.#entries.delete(name);
    } finally {
      entry.removal = undefined;
    }
  }

  /** The download once it neither pauses nor goes away: until then what it is doing says nothing. */
  async #settled(
    find: () => DownloadEntry | undefined,
    signal: AbortSignal,
  ): Promise<DownloadEntry | undefined> {
    for (;;) {
      const entry = find();
      const change = entry?.change;
      if (change === undefined) return entry;
      // A removal that fails is told to those who asked for it.
      await raceSignal(change.catch(() => {}), signal);
    }
  }

  #find(nameOrReference: string): DownloadEntry | undefined {
    return this.#entries.get(nameOrReference) ??
      [...this.#entries.values()].find(({ unfinished }) =>
        unfinished.reference === nameOrReference
      );
  }

  /** At once, so that two who ask at the same time begin one download. */
  #begin({ name, reference, files }: DownloadPlan): DownloadEntry {
    const totalBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const parts = files.map((file) => {
      const { path, sizeBytes } = file;
      return { path, sizeBytes, identity: identityOf(file) };
    });
    return this.#add({ name, reference, totalBytes, files: parts }, 0);
  }

  async #recall(unfinished: Unfinished): Promise<void> {
    const { chunkBytes } = this.#options.world;
    const left = await Promise.all(
      unfinished.files.map((file) => leftBytes({ ...file, chunkBytes })),
    );
    this.#add(unfinished, left.reduce((sum, bytes) => sum + bytes, 0));
  }

  #add(unfinished: Unfinished, receivedBytes: number): DownloadEntry {
    const entry = new DownloadEntry(unfinished, receivedBytes, this.#options);
    this.#entries.set(unfinished.name, entry);
    return entry;
  }

  #run(entry: DownloadEntry, plan: DownloadPlan): void {
    entry.ending = new AbortController();
    const signal = AbortSignal.any([entry.ending.signal, this.#stopping.signal]);
    entry.begin();
    entry.done = this.#fetchAll(entry, plan, signal)
      .then(() => this.#finish(entry, plan))
      .catch((error: unknown) => entry.breakOff(error, signal.aborted))
      .finally(() => entry.ending = undefined);
  }

  async #fetchAll(entry: DownloadEntry, plan: DownloadPlan, signal: AbortSignal): Promise<void> {
    const { world, peersFor, onLiar } = this.#options;
    await this.#store.add(entry.unfinished);
    for (const file of plan.files) {
      let resumed = true;
      await downloadFile(file, {
        ...world,
        signal,
        advice: MODEL_ADVICE,
        peers: peersFor(plan, file),
        onLiar,
        onBytes: (bytes) => {
          entry.count(bytes, resumed);
          resumed = false;
        },
      });
    }
  }

  async #finish(entry: DownloadEntry, plan: DownloadPlan): Promise<void> {
    await this.#store.remove(plan.name);
    this.#entries.delete(plan.name);
    for (const finished of this.#asking) finished.set(plan.name, entry.progress);
    this.#options.onFinished(plan);
    entry.report();
  }
}
