/** The peers that stand still, and since when: in the order in which they stopped. */
export type Stalled<T> = ReadonlyMap<T, number>;

export interface StallLimits {
  /** This many may stand still for as long as they like. */
  readonly maxStalled: number;
  /** One more for this long, and the first of them has to go. */
  readonly stalledMs: number;
}

/** When the longest stalled has to go, in the clock of the map; `undefined` while there is room for all. */
export function dropTime<T>(stalled: Stalled<T>, limits: StallLimits): number | undefined {
  const tooMany = [...stalled.values()].at(limits.maxStalled);
  return tooMany === undefined ? undefined : tooMany + limits.stalledMs;
}

export interface StallGuardOptions<T> extends StallLimits {
  readonly elapsed: () => number;
  readonly drop: (longest: T) => void;
}

/**
 * Streams that nobody reads fill the window of their connection, and then all its streams stand
 * still, those of other requests too. So the slowest readers of a connection that is nearly full lose
 * their stream; as long as there is room a reader may take its time.
 */
export class StallGuard<T> {
  readonly #stalled = new Map<T, number>();
  readonly #options: StallGuardOptions<T>;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: StallGuardOptions<T>) {
    this.#options = options;
  }

  add(item: T): void {
    if (this.#stalled.has(item)) return;
    this.#stalled.set(item, this.#options.elapsed());
    if (this.#stalled.size > this.#options.maxStalled) this.#arm();
  }

  delete(item: T): void {
    this.#stalled.delete(item);
    if (this.#stalled.size <= this.#options.maxStalled) this.#disarm();
  }

  clear(): void {
    this.#stalled.clear();
    this.#disarm();
  }

  #arm(): void {
    if (this.#timer !== undefined) return;
    const at = dropTime(this.#stalled, this.#options);
    if (at === undefined) return;
    this.#timer = setTimeout(() => this.#check(), Math.max(0, at - this.#options.elapsed()));
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #check(): void {
    this.#timer = undefined;
    const at = dropTime(this.#stalled, this.#options);
    const [longest] = this.#stalled.keys();
    if (at !== undefined && at <= this.#options.elapsed() && longest !== undefined) {
      this.#stalled.delete(longest);
      this.#options.drop(longest);
    }
    this.#arm();
  }
}
