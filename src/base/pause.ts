import { setTimeout as delay } from "node:timers/promises";

/** Resolves after a while, or as soon as the signal ends the wait: a caller that has to stop then asks the signal. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {}); // the signal is all that it rejects for
}
