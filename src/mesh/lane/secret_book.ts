import { randomBytes } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import type { PeerId } from "../base/peer_id.ts";
import { MAX_SECRETS_A_PEER, SECRET_BYTES, SECRET_LIFE_MS } from "./defaults.ts";

interface Secret<T> {
  readonly peer: PeerId;
  readonly holder: T;
  readonly untilMs: number;
}

/** Secrets that were given out and wait to be shown, once each, by the peer that got them. */
export class SecretBook<T> {
  readonly #clock: Pick<Clock, "elapsed">;
  /** The oldest first. */
  readonly #secrets = new Map<string, Secret<T>>();

  constructor(clock: Pick<Clock, "elapsed">) {
    this.#clock = clock;
  }

  /** @param holder is handed to whoever shows it */
  give(peer: PeerId, holder: T): Uint8Array {
    this.#forgetOld();
    const own = [...this.#secrets].filter(([, secret]) => secret.peer === peer);
    if (own.length >= MAX_SECRETS_A_PEER) this.#secrets.delete(own[0]![0]);
    const secret = randomBytes(SECRET_BYTES);
    const untilMs = this.#clock.elapsed() + SECRET_LIFE_MS;
    this.#secrets.set(secret.toString("hex"), { peer, holder, untilMs });
    return new Uint8Array(secret);
  }

  /** The holder that it was given with; `undefined` for one that is unknown, used, too old, or another peer's. It is used up. */
  take(bytes: Uint8Array, peer: string): T | undefined {
    this.#forgetOld();
    const text = bytes.toHex();
    const secret = this.#secrets.get(text);
    this.#secrets.delete(text);
    return secret?.peer === peer ? secret.holder : undefined;
  }

  /** Nobody may show it any more. */
  cancel(bytes: Uint8Array): void {
    this.#secrets.delete(bytes.toHex());
  }

  get size(): number {
    return this.#secrets.size;
  }

  #forgetOld(): void {
    const now = this.#clock.elapsed();
    for (const [text, { untilMs }] of this.#secrets) {
      if (untilMs > now) return;
      this.#secrets.delete(text);
    }
  }
}
