import { CRASH_MEMORY_MS, MAX_SUSPECTS, SAME_CRASH_MS } from "../base/defaults.ts";
import { Deadline } from "../../base/deadline.ts";
import { raceSignal } from "../../base/race_signal.ts";
import { RefusedError } from "../http/openai_errors.ts";

/** The properties by which a request is recognised. */
export interface SuspectRequest {
  readonly path: string;
  readonly body: Uint8Array | null;
}

interface Suspect {
  readonly sizeBytes: number;
  crashes: number;
  lastMs: number;
}

/**
 * Requests that were there when a llama-server crashed, before it had answered. One crash may be anybody's: the
 * request is asked once more, while no other suspect is asked, so that a second crash tells which one it is. That one is refused
 * for a while, or it would go through every llama-server of the mesh.
 */
export class Suspects {
  readonly #now: () => number;
  readonly #holdMs: number;
  /** By the digest of path and body, the latest crash last. */
  readonly #known = new Map<string, Suspect>();
  #turn: Promise<void> = Promise.resolve();

  /**
   * @param now milliseconds of a clock that never goes back
   * @param holdMs how long a suspect waits for those before it
   */
  constructor(now: () => number, holdMs: number) {
    this.#now = now;
    this.#holdMs = holdMs;
  }

  /** @throws {RefusedError} for what was there at two crashes lately. */
  async check(request: SuspectRequest): Promise<void> {
    this.#forget();
    // Of nearly every request this says that it is not known, and nothing is hashed for it.
    const sizeBytes = sizeOf(request);
    if (![...this.#known.values()].some((suspect) => suspect.sizeBytes === sizeBytes)) return;
    const suspect = this.#known.get(await digestOf(request));
    if (suspect !== undefined && suspect.crashes > 1) throw refused();
  }

  /**
   * A llama-server crashed while it had the request.
   * @param again the same request has met a crash before
   * @throws {RefusedError} where it is not to be asked again.
   */
  async crashed(request: SuspectRequest, again: boolean): Promise<void> {
    const key = await digestOf(request);
    const nowMs = this.#now();
    const suspect = this.#known.get(key) ??
      { sizeBytes: sizeOf(request), crashes: 0, lastMs: -Infinity };
    // Two like it may have been there at one crash.
    if (nowMs - suspect.lastMs > SAME_CRASH_MS) suspect.crashes += 1;
    if (again) suspect.crashes = Math.max(2, suspect.crashes);
    suspect.lastMs = nowMs;
    this.#known.delete(key);
    this.#known.set(key, suspect);
    this.#forget();
    if (suspect.crashes > 1) throw refused();
  }

  /** It was answered: something else is to blame. */
  async cleared(request: SuspectRequest): Promise<void> {
    this.#known.delete(await digestOf(request));
  }

  /**
   * Waits until no other suspect is asked; what is resolved ends the turn.
   * @throws {RefusedError} where that takes longer than a request is held, or the signal's reason.
   */
  async turn(signal: AbortSignal): Promise<() => void> {
    const before = this.#turn;
    const own = Promise.withResolvers<void>();
    this.#turn = before.then(() => own.promise);
    const forMs = this.#holdMs;
    const late = () => new RefusedError({ kind: "suspect-held", forMs });
    using deadline = new Deadline(forMs, late, signal);
    try {
      await raceSignal(before, deadline.signal);
      return own.resolve;
    } catch (error) {
      own.resolve();
      throw error;
    }
  }

  #forget(): void {
    const oldestMs = this.#now() - CRASH_MEMORY_MS;
    for (const [key, { lastMs }] of this.#known) {
      if (lastMs >= oldestMs && this.#known.size <= MAX_SUSPECTS) return;
      this.#known.delete(key);
    }
  }
}

function refused(): RefusedError {
  return new RefusedError({ kind: "crashing", forMs: CRASH_MEMORY_MS });
}

function sizeOf({ body }: SuspectRequest): number {
  return body?.length ?? 0;
}

async function digestOf({ path, body }: SuspectRequest): Promise<string> {
  const bytes = new Uint8Array((body ?? new Uint8Array(0)) as Uint8Array<ArrayBuffer>);
  return `${path} ${new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex()}`;
}
