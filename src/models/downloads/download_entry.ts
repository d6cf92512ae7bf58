import { reasonOf } from "../../base/as_error.ts";
import { DownloadFailedError, DownloadRefusedError } from "../../downloads/mod.ts";
import { REPORT_INTERVAL_MS } from "../base/defaults.ts";
import { Rate } from "./rate.ts";
import type { Unfinished } from "./unfinished.ts";

export interface DownloadProgress {
  readonly state: "running" | "paused" | "failed";
  readonly receivedBytes: number;
  readonly totalBytes: number;
  readonly bytesPerSecond: number;
  readonly secondsLeft: number | null;
  /** One sentence, where it failed. */
  readonly error: string | null;
}

export interface EntryOptions {
  /** A few times a second, and when a download begins or ends. */
  readonly onProgress: (name: string, progress: DownloadProgress) => void;
  readonly now: () => number;
}

/** One download that was begun and is not finished: how far it is, and what runs of it. */
export class DownloadEntry {
  readonly unfinished: Unfinished;
  /** While it runs. */
  ending: AbortController | undefined;
  /** Settles when nothing of it runs any more; never rejects. */
  done: Promise<void> = Promise.resolve();
  /** While what has arrived is being removed. */
  removal: Promise<void> | undefined;
  readonly #options: EntryOptions;
  readonly #rate = new Rate();
  #progress: DownloadProgress;
  #reportedMs = 0;

  constructor(unfinished: Unfinished, receivedBytes: number, options: EntryOptions) {
    this.unfinished = unfinished;
    this.#options = options;
    this.#progress = {
      state: "paused",
      receivedBytes,
      totalBytes: unfinished.totalBytes,
      bytesPerSecond: 0,
      secondsLeft: null,
      error: null,
    };
  }

  get progress(): DownloadProgress {
    return this.#progress;
  }

  /** Settles once it has paused or gone away; `undefined` while it does neither. */
  get change(): Promise<void> | undefined {
    return this.removal ?? (this.ending?.signal.aborted ? this.done : undefined);
  }

  begin(): void {
    this.#set({ state: "running", receivedBytes: 0, error: null });
  }

  /** @param wasEnded because it was paused or the node stops: then nothing has failed */
  breakOff(error: unknown, wasEnded: boolean): void {
    const known = error instanceof DownloadFailedError || error instanceof DownloadRefusedError;
    const message = reasonOf(error);
    const failed = wasEnded ? null : known ? message : `The download broke off: ${message}`;
    this.#set({ state: failed === null ? "paused" : "failed", error: failed });
  }

  /** @param resumed the bytes were there before, and say nothing of the line */
  count(bytes: number, resumed: boolean): void {
    const nowMs = this.#options.now();
    if (!resumed) this.#rate.add(bytes, nowMs);
    const receivedBytes = this.#progress.receivedBytes + bytes;
    const bytesPerSecond = this.#rate.perSecond(nowMs);
    const restBytes = this.#progress.totalBytes - receivedBytes;
    const secondsLeft = bytesPerSecond === 0 ? null : Math.ceil(restBytes / bytesPerSecond);
    this.#progress = { ...this.#progress, receivedBytes, bytesPerSecond, secondsLeft };
    if (nowMs - this.#reportedMs >= REPORT_INTERVAL_MS) this.report();
  }

  report(): void {
    this.#reportedMs = this.#options.now();
    this.#options.onProgress(this.unfinished.name, this.#progress);
  }

  #set(change: Partial<DownloadProgress>): void {
    this.#progress = { ...this.#progress, bytesPerSecond: 0, secondsLeft: null, ...change };
    this.report();
  }
}
