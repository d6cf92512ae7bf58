import { type Bucket, take } from "../../base/token_bucket.ts";
import { RateLimiter } from "../base/rate_limit.ts";
import {
  MAX_PAIRING_BANS,
  PAIRING_BAN_MS,
  PAIRING_RATE,
  PAIRING_SOURCE_RATE,
  PAIRING_TRIES,
} from "./defaults.ts";

/** A machine that asks to join, as the one in front of a person. */
export interface Visitor {
  readonly id: string;
  /** Its own word, cleaned. */
  readonly name: string;
  /** Of the network, as in `192.168.1.5`. */
  readonly address: string;
  readonly code: string;
  /** Epoch milliseconds. */
  readonly sinceMs: number;
  readonly endsMs: number;
}

/** `wait`: it was refused, or asks too often. */
export type Entry = "come" | "busy" | "wait";

export type Judgement =
  | { readonly kind: "right"; readonly visitor: Visitor }
  | { readonly kind: "wrong"; readonly triesLeft: number }
  | { readonly kind: "nobody" };

/**
 * Lets one machine ask at a time, and its code be typed a few times. Times are of a clock that never jumps. Nothing is kept
 * of anybody but how often its address asked and until when it has to wait, both in bounds.
 */
export class PairingDesk {
  readonly #bySource = new RateLimiter(PAIRING_SOURCE_RATE);
  readonly #bannedUntil = new Map<string, number>();
  #overall: Bucket | undefined;
  /** The address that has the place, and its visitor once there is a code. */
  #source: string | null = null;
  #visitor: Visitor | null = null;
  #triesLeft = 0;

  /** Whether the place is free for one who comes from this address; then it is taken. */
  enter(source: string, nowMs: number): Entry {
    if (!this.#bySource.allows(source, nowMs)) return "wait";
    if ((this.#bannedUntil.get(source) ?? 0) > nowMs) return "wait";
    if (this.#source !== null) return "busy";
    const { bucket, allowed } = take(this.#overall, PAIRING_RATE, nowMs);
    this.#overall = bucket;
    if (!allowed) return "wait";
    this.#source = source;
    return "come";
  }

  /** Both ends have a code now. */
  show(visitor: Visitor): void {
    this.#visitor = visitor;
    this.#triesLeft = PAIRING_TRIES;
  }

  get visitor(): (Visitor & { readonly triesLeft: number }) | null {
    return this.#visitor && { ...this.#visitor, triesLeft: this.#triesLeft };
  }

  /** @param id of the visitor that was meant; `undefined` means whoever is there */
  judge(code: string | undefined, id: string | undefined): Judgement {
    const visitor = this.#visitor;
    if (visitor === null || (id !== undefined && id !== visitor.id)) return { kind: "nobody" };
    if (this.#triesLeft > 0 && code === visitor.code) return { kind: "right", visitor };
    this.#triesLeft = Math.max(0, this.#triesLeft - 1);
    return { kind: "wrong", triesLeft: this.#triesLeft };
  }

  /** The place is free again. @param isRefused it has to wait before it may ask again */
  leave(isRefused: boolean, nowMs: number): void {
    if (isRefused && this.#source !== null) this.#ban(this.#source, nowMs);
    this.#source = null;
    this.#visitor = null;
  }

  #ban(source: string, nowMs: number): void {
    this.#bannedUntil.delete(source);
    this.#bannedUntil.set(source, nowMs + PAIRING_BAN_MS);
    for (const [one, untilMs] of this.#bannedUntil) {
      if (untilMs > nowMs && this.#bannedUntil.size <= MAX_PAIRING_BANS) return;
      this.#bannedUntil.delete(one);
    }
  }
}
