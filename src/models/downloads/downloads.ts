import { raceSignal } from "../../base/race_signal.ts";
import {
  type ChunkSource,
  DownloadFailedError,
  downloadFile,
  DownloadRefusedError,
  type DownloadWorld,
  type FileToDownload,
  identityOf,
  leftBytes,
  removePart,
} from "../../downloads/mod.ts";
import { REPORT_INTERVAL_MS } from "../base/defaults.ts";
import { MODEL_ADVICE } from "./advice.ts";
import { Rate } from "./rate.ts";
import { type DownloadPlan, resolveDownload } from "./resolve.ts";
import { checkRoom } from "./room.ts";
import { type Unfinished, UnfinishedStore } from "./unfinished.ts";

export interface DownloadProgress {
  readonly state: "running" | "paused" | "failed";
  readonly receivedBytes: number;
  readonly totalBytes: number;
  readonly bytesPerSecond: number;
  readonly secondsLeft: number | null;
  /** One sentence, where it failed. */
  readonly error: string | null;
}

export interface DownloadsOptions {
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
  /** A few times a second, and when a download begins or ends. */
  readonly onProgress: (name: string, progress: DownloadProgress) => void;
  readonly now: () => number;
}

interface Entry {
  readonly unfinished: Unfinished;
  readonly rate: Rate;
  progress: DownloadProgress;
  reportedMs: number;
  ending: AbortController | undefined;
  /** Settles when nothing of it runs any more; never rejects. */
  done: Promise<void>;
  /** While what has arrived is being removed. */
  removal: Promise<void> | undefined;
}

/** The downloads of this machine, and the only owner of what they are doing. */
export class Downloads {
  readonly #options: DownloadsOptions;
  readonly #store: UnfinishedStore;
  readonly #entries = new Map<string, Entry>();
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

  async #remove(entry: Entry): Promise<void> {
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
  async #settled(find: () => Entry | undefined, signal: AbortSignal): Promise<Entry | undefined> {
    for (;;) {
      const entry = find();
      const change = entry?.removal ?? (entry?.ending?.signal.aborted ? entry.done : undefined);
      if (change === undefined) return entry;
      // A removal that fails is told to those who asked for it.
      await raceSignal(change.catch(() => {}), signal);
    }
  }

  #find(nameOrReference: string): Entry | undefined {
    return this.#entries.get(nameOrReference) ??
      [...this.#entries.values()].find(({ unfinished }) =>
        unfinished.reference === nameOrReference
      );
  }

  /** At once, so that two who ask at the same time begin one download. */
  #begin({ name, reference, files }: DownloadPlan): Entry {
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

  #add(unfinished: Unfinished, receivedBytes: number): Entry {
    const entry: Entry = {
      unfinished,
      rate: new Rate(),
      progress: {
        state: "paused",
        receivedBytes,
        totalBytes: unfinished.totalBytes,
        bytesPerSecond: 0,
        secondsLeft: null,
        error: null,
      },
      reportedMs: 0,
      ending: undefined,
      done: Promise.resolve(),
      removal: undefined,
    };
    this.#entries.set(unfinished.name, entry);
    return entry;
  }

  #run(entry: Entry, plan: DownloadPlan): void {
    entry.ending = new AbortController();
    const signal = AbortSignal.any([entry.ending.signal, this.#stopping.signal]);
    this.#set(entry, { state: "running", receivedBytes: 0, error: null });
    entry.done = this.#fetchAll(entry, plan, signal)
      .then(() => this.#finish(entry, plan))
      .catch((error: unknown) => this.#break(entry, error, signal))
      .finally(() => entry.ending = undefined);
  }

  async #fetchAll(entry: Entry, plan: DownloadPlan, signal: AbortSignal): Promise<void> {
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
          this.#count(entry, bytes, resumed);
          resumed = false;
        },
      });
    }
  }

  async #finish(entry: Entry, plan: DownloadPlan): Promise<void> {
    await this.#store.remove(plan.name);
    this.#entries.delete(plan.name);
    for (const finished of this.#asking) finished.set(plan.name, entry.progress);
    this.#options.onFinished(plan);
    this.#report(entry);
  }

  #break(entry: Entry, error: unknown, signal: AbortSignal): void {
    const known = error instanceof DownloadFailedError || error instanceof DownloadRefusedError;
    const message = error instanceof Error ? error.message : String(error);
    const failed = signal.aborted ? null : known ? message : `The download broke off: ${message}`;
    this.#set(entry, { state: failed === null ? "paused" : "failed", error: failed });
  }

  /** @param resumed the bytes were there before, and say nothing of the line */
  #count(entry: Entry, bytes: number, resumed: boolean): void {
    const nowMs = this.#options.now();
    if (!resumed) entry.rate.add(bytes, nowMs);
    const receivedBytes = entry.progress.receivedBytes + bytes;
    const bytesPerSecond = entry.rate.perSecond(nowMs);
    const restBytes = entry.progress.totalBytes - receivedBytes;
    const secondsLeft = bytesPerSecond === 0 ? null : Math.ceil(restBytes / bytesPerSecond);
    entry.progress = { ...entry.progress, receivedBytes, bytesPerSecond, secondsLeft };
    if (nowMs - entry.reportedMs >= REPORT_INTERVAL_MS) this.#report(entry);
  }

  #set(entry: Entry, change: Partial<DownloadProgress>): void {
    entry.progress = { ...entry.progress, bytesPerSecond: 0, secondsLeft: null, ...change };
    this.#report(entry);
  }

  #report(entry: Entry): void {
    entry.reportedMs = this.#options.now();
    this.#options.onProgress(entry.unfinished.name, entry.progress);
  }
}
