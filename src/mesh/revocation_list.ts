import type { Link } from "./capability.ts";
import { MAX_REVOCATIONS, MAX_REVOCATIONS_A_SIGNER } from "./defaults.ts";
import { openRevocation, type Revocation, revokes } from "./revocation.ts";

/** What this node knows to be revoked: a set that only grows until its members are past, and is bounded. */
export class RevocationList {
  readonly #meshKey: Uint8Array;
  readonly #known = new Map<string, Revocation>();

  constructor(meshKey: Uint8Array) {
    this.#meshKey = meshKey;
  }

  /** `full` where its signer has too many, or all signers together; the root may fill what is left. */
  add(revocation: Revocation, now: number): "new" | "known" | "full" {
    const key = `${revocation.id} ${revocation.signer.toHex()}`;
    if (this.#known.has(key)) return "known";
    this.#forgetPast(now);
    if (this.#isFull(revocation)) return "full";
    this.#known.set(key, revocation);
    return "new";
  }

  /** The word that makes a chain worthless, if there is one. */
  find(links: readonly Link[]): Revocation | undefined {
    for (const revocation of this.#known.values()) {
      if (revokes(revocation, links, this.#meshKey)) return revocation;
    }
    return undefined;
  }

  all(): readonly Revocation[] {
    return [...this.#known.values()];
  }

  #forgetPast(now: number): void {
    for (const [key, { forgetAt }] of this.#known) {
      if (forgetAt !== null && forgetAt <= now) this.#known.delete(key);
    }
  }

  #isFull({ byRoot, signer }: Revocation): boolean {
    if (byRoot) return this.#known.size >= MAX_REVOCATIONS;
    const hex = signer.toHex();
    const own = this.all().filter((known) => known.signer.toHex() === hex).length;
    return own >= MAX_REVOCATIONS_A_SIGNER || this.#known.size >= MAX_REVOCATIONS / 2;
  }
}

/** Of what a file holds, what still counts. */
export function openAll(
  stored: readonly Uint8Array[],
  options: { readonly meshKey: Uint8Array; readonly now: number },
): readonly Revocation[] {
  return stored.flatMap((bytes) => {
    try {
      return [openRevocation(bytes, options)];
    } catch {
      return [];
    }
  });
}
