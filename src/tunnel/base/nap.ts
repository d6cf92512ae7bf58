const NOTHING = new Int32Array(new SharedArrayBuffer(4));

/**
 * Blocks this thread for a fraction of a millisecond where the whole process has one core, so that another program that is
 * about to say more can say it: each turn of the event loop costs more than a turn of that program's. A timer takes a
 * millisecond at least. With more cores it would only be late.
 */
export function napOnOneCore(milliseconds: number): void {
  if (navigator.hardwareConcurrency === 1) Atomics.wait(NOTHING, 0, 0, milliseconds);
}
