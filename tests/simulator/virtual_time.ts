/** Time that passes only when somebody says so: what happens next, by the millisecond in which it does. */

interface Due {
  readonly at: number;
  readonly order: number;
  run: (() => void) | null;
}

/**
 * Promise chains that one event may set going are this long at most in the code under test; what is
 * longer goes on with the next event, the same way each time.
 */
const MICROTASKS_PER_EVENT = 6;

export class VirtualTime {
  /** A large mesh has some hundred events in each millisecond, and most are scheduled for a later one. */
  readonly #byMs = new Map<number, Due[]>();
  /** The timers that are left in the millisecond that is running, the next one last. */
  #running: Due[] = [];
  #runningMs = -1;
  #order = 0;
  #now = 0;

  /** Milliseconds since the beginning. */
  get now(): number {
    return this.#now;
  }

  /** Runs something at a time; what it returns calls that off. */
  at(time: number, run: () => void): () => void {
    const due: Due = { at: Math.max(time, this.#now), order: this.#order++, run };
    const ms = Math.floor(due.at);
    if (ms === this.#runningMs) insert(this.#running, due);
    else addTo(this.#byMs, ms, due);
    return () => {
      due.run = null;
    };
  }

  /** Lets time pass up to a moment, with all that happens until then. */
  async runUntil(end: number): Promise<void> {
    for (let ms = Math.floor(this.#now); ms <= end; ms++) {
      if (ms !== this.#runningMs) this.#open(ms);
      for (let next = this.#running.at(-1); next && next.at <= end; next = this.#running.at(-1)) {
        this.#running.pop();
        if (next.run === null) continue;
        this.#now = next.at;
        next.run();
        for (let i = 0; i < MICROTASKS_PER_EVENT; i++) await null;
      }
    }
    this.#now = end;
  }

  #open(ms: number): void {
    this.#running = this.#byMs.get(ms)?.sort((a, b) => b.at - a.at || b.order - a.order) ?? [];
    this.#byMs.delete(ms);
    this.#runningMs = ms;
  }
}

function addTo(byMs: Map<number, Due[]>, ms: number, due: Due): void {
  const others = byMs.get(ms);
  if (others === undefined) byMs.set(ms, [due]);
  else others.push(due);
}

/** Puts the youngest event among those of its millisecond: behind all that are not later. */
function insert(running: Due[], due: Due): void {
  let index = running.length;
  while (index > 0 && (running[index - 1] as Due).at <= due.at) index -= 1;
  running.splice(index, 0, due);
}
