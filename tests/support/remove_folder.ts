import { setTimeout as delay } from "node:timers/promises";

const TRIES = 50;
const BETWEEN_MS = 100;

/**
 * Removes a folder with all that is in it. A process that is just ending, such as one of a browser's, may add a last
 * file while the folder is being emptied, and nobody tells when it no longer will.
 */
export async function removeFolder(path: string): Promise<void> {
  for (let tries = 1;; tries++) {
    try {
      return await Deno.remove(path, { recursive: true });
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return;
      if (tries === TRIES) throw error;
      await delay(BETWEEN_MS);
    }
  }
}
