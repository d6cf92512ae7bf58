const NOTHING = new Int32Array(new SharedArrayBuffer(4));

/**
 * Blocks this thread for a fraction of a millisecond, so that a program that is about to say more can say it: each turn of
 * the event loop costs more than a turn of that program's. A timer takes a millisecond at least.
 */
export function nap(milliseconds: number): void {
  Atomics.wait(NOTHING, 0, 0, milliseconds);
}
