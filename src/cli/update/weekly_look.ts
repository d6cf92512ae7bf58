/** A running node's look for a release, once a week, where its user has switched that on. */

import {
  UPDATE_LOOK_CHECK_MS,
  UPDATE_LOOK_INTERVAL_MS,
  UPDATE_LOOK_RETRY_MS,
} from "../base/defaults.ts";
import { keepLook, type KeptLook, newerIn, readKeptLook } from "./last_look.ts";

export interface WeeklyLookOptions {
  readonly dataDir: string;
  /** This program's. */
  readonly version: string;
  /** Asks a server. @returns the version of its latest release */
  readonly look: (signal: AbortSignal) => Promise<string>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  /** It asks again a day later. */
  readonly onFailure: (error: unknown) => void;
}

export class WeeklyLook {
  readonly #options: WeeklyLookOptions;
  /** Of this process, for a disk that takes nothing. */
  #triedMs = 0;
  #newer: string | null = null;

  constructor(options: WeeklyLookOptions) {
    this.#options = options;
  }

  /** The version of a newer release, as far as anybody has found one. */
  get newer(): string | null {
    return this.#newer;
  }

  /** Looks until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { dataDir, version, now, pause } = this.#options;
    while (!signal.aborted) {
      const kept = await readKeptLook(dataDir);
      this.#newer = newerIn(kept, version);
      const triedMs = Math.max(kept.triedMs, this.#triedMs);
      const waitMs = nextLookInMs({ ...kept, triedMs }, now());
      // An hour at most: `update --check` keeps its looks in the same file, and a machine that slept has lost its timers.
      if (waitMs > 0) await pause(Math.min(waitMs, UPDATE_LOOK_CHECK_MS), signal);
      else await this.#look(kept, signal);
    }
  }

  /** The try is kept first, so that a node which fails again and again asks no more often than others. */
  async #look(kept: KeptLook, signal: AbortSignal): Promise<void> {
    const { dataDir, look, now, onFailure } = this.#options;
    const triedMs = this.#triedMs = now();
    await keepLook(dataDir, { ...kept, triedMs });
    try {
      const version = await look(signal);
      await keepLook(dataDir, { look: { version, atMs: now() }, triedMs });
    } catch (error) {
      if (!signal.aborted) onFailure(error);
    }
  }
}

/** The time until a server is asked again. A time that is still to come was written by a wrong clock, and says nothing. Pure. */
export function nextLookInMs({ look, triedMs }: KeptLook, nowMs: number): number {
  const after = (atMs: number, intervalMs: number) => atMs > nowMs ? nowMs : atMs + intervalMs;
  const lookedMs = look === null ? nowMs : after(look.atMs, UPDATE_LOOK_INTERVAL_MS);
  return Math.max(0, lookedMs - nowMs, after(triedMs, UPDATE_LOOK_RETRY_MS) - nowMs);
}
