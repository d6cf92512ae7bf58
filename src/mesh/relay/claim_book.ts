import { join } from "node:path";
import { z } from "zod";
import { CLAIM_LIFE_MS, MAX_OPEN_CLAIMS, MAX_USED_CLAIMS } from "../base/defaults.ts";
import { readDataFile, writeDataFile } from "../base/data_file.ts";
import { CLAIM_SECRET_BYTES, claimId } from "./claim.ts";

const claimFile = z.object({ madeAt: z.number().int().nonnegative() });

export type ClaimState = "open" | "used" | "expired" | "unknown";

/**
 * The claims of a relay, a file each, so that `relay claim` makes one beside the process that takes them in: a file is
 * renamed once, whoever tries it at the same time.
 */
export class ClaimBook {
  readonly #folder: string;

  constructor(dataDir: string) {
    this.#folder = join(dataDir, "claims");
  }

  /** A new secret. A relay that nobody has claimed makes one at each start: the oldest gives way to it. */
  async make(now: number): Promise<Uint8Array> {
    await this.#tidy(now);
    const secret = crypto.getRandomValues(new Uint8Array(CLAIM_SECRET_BYTES));
    await writeDataFile(this.#path(secret, OPEN), { madeAt: now });
    return secret;
  }

  async stateOf(secret: Uint8Array, now: number): Promise<ClaimState> {
    const open = await readDataFile(this.#path(secret, OPEN), claimFile);
    if (open !== undefined) return open.madeAt + CLAIM_LIFE_MS <= now ? "expired" : "open";
    const used = await readDataFile(this.#path(secret, USED), claimFile);
    return used === undefined ? "unknown" : "used";
  }

  /** False where somebody else has used it in the same moment. */
  async take(secret: Uint8Array): Promise<boolean> {
    return await rename(this.#path(secret, OPEN), this.#path(secret, USED));
  }

  /** Nothing has come of its use. */
  async giveBack(secret: Uint8Array): Promise<void> {
    await rename(this.#path(secret, USED), this.#path(secret, OPEN));
  }

  /** Of those that still count. */
  async openCount(now: number): Promise<number> {
    return (await this.#open()).filter(({ madeAt }) => madeAt + CLAIM_LIFE_MS > now).length;
  }

  #path(secret: Uint8Array, ending: string): string {
    return join(this.#folder, claimId(secret) + ending);
  }

  /** Leaves room for one more. Of those that were used, or are too old, a bounded number is kept, to say so. */
  async #tidy(now: number): Promise<void> {
    const newestFirst = (await this.#open()).toSorted((a, b) => b.madeAt - a.madeAt);
    for (const [at, { name, madeAt }] of newestFirst.entries()) {
      const isPast = madeAt + 2 * CLAIM_LIFE_MS <= now;
      if (isPast || at + 1 >= MAX_OPEN_CLAIMS) await remove(join(this.#folder, name));
    }
    const used = await this.#names(USED);
    for (const name of used.slice(MAX_USED_CLAIMS)) await remove(join(this.#folder, name));
  }

  /** A file that makes no sense is as old as can be. */
  async #open(): Promise<{ readonly name: string; readonly madeAt: number }[]> {
    return await Promise.all((await this.#names(OPEN)).map(async (name) => {
      const read = readDataFile(join(this.#folder, name), claimFile);
      return { name, madeAt: (await read.catch(() => undefined))?.madeAt ?? -Infinity };
    }));
  }

  async #names(ending: string): Promise<string[]> {
    try {
      const entries = await Array.fromAsync(Deno.readDir(this.#folder));
      return entries.map(({ name }) => name).filter((name) => name.endsWith(ending));
    } catch {
      return []; // no claim was ever made
    }
  }
}

const OPEN = ".open.json";
const USED = ".used.json";

async function rename(from: string, to: string): Promise<boolean> {
  try {
    await Deno.rename(from, to);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function remove(path: string): Promise<void> {
  await Deno.remove(path).catch(() => undefined); // somebody else has
}
