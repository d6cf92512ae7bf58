/** Time that passes only when somebody says so: a queue of what happens next. */

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
  readonly #heap: Due[] = [];
  #order = 0;
  #now = 0;

  /** Milliseconds since the beginning. */
  get now(): number {
    return this.#now;
  }

  /** Runs something at a time; what it returns calls that off. */
  at(time: number, run: () => void): () => void {
    const due: Due = { at: Math.max(time, this.#now), order: this.#order++, run };
    this.#push(due);
    return () => {
      due.run = null;
    };
  }

  /** Lets time pass up to a moment, with all that happens until then. */
  async runUntil(end: number): Promise<void> {
    for (let next = this.#heap[0]; next !== undefined && next.at <= end; next = this.#heap[0]) {
      this.#pop();
      if (next.run === null) continue;
      this.#now = next.at;
      next.run();
      for (let i = 0; i < MICROTASKS_PER_EVENT; i++) await null;
    }
    this.#now = end;
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(due);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as Due;
      if (!isBefore(due, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = due;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Due;
    if (heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, heap[child] as Due)) child += 1;
      const below = heap[child] as Due;
      if (!isBefore(below, last)) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = last;
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
