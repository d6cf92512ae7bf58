import { equals } from "uint8arrays/equals";
import type { Link } from "./capability.ts";
import { MAX_REVOCATIONS, MAX_REVOCATIONS_A_SIGNER } from "../base/defaults.ts";
import { sha256 } from "../base/keys.ts";
import { openRevocation, type Revocation, revokes } from "./revocation.ts";

/** The revocations that this node knows: a set that only grows until its members expire, and is bounded. */
export class RevocationList {
  readonly #meshKey: Uint8Array;
  /** Hashes of what is known: everybody tells it again at each connection, and a signature is dear. */
  readonly #held = new Set<string>();
  /** By certificate. */
  readonly #known = new Map<string, readonly Revocation[]>();

  constructor(meshKey: Uint8Array) {
    this.#meshKey = meshKey;
  }

  /** `full` where its signer has too many, or all signers together; the root may fill what is left. */
  add(revocation: Revocation, now: number): "new" | "known" | "full" {
    const { id, signer } = revocation;
    if (this.#known.get(id)?.some((known) => equals(known.signer, signer))) return "known";
    this.#forgetPast(now);
    if (this.#isFull(revocation)) return "full";
    this.#known.set(id, [...this.#known.get(id) ?? [], revocation]);
    this.#held.add(sha256(revocation.bytes).toHex());
    return "new";
  }

  /** Whether a word would be taken in, or is there already. */
  hasRoomFor(revocation: Revocation, now: number): boolean {
    this.#forgetPast(now);
    const { id, signer } = revocation;
    const isKnown = this.#known.get(id)?.some((known) => equals(known.signer, signer)) ?? false;
    return isKnown || !this.#isFull(revocation);
  }

  /** Whether exactly these bytes were added. */
  holds(bytes: Uint8Array): boolean {
    return this.#held.has(sha256(bytes).toHex());
  }

  /** The word that makes a chain worthless, if there is one. */
  find(links: readonly Pick<Link, "id" | "subject">[]): Revocation | undefined {
    return links.flatMap(({ id }) => this.#known.get(id) ?? [])
      .find((revocation) => revokes(revocation, links, this.#meshKey));
  }

  all(): readonly Revocation[] {
    return [...this.#known.values()].flat();
  }

  #forgetPast(now: number): void {
    for (const [id, words] of this.#known) {
      const isPast = ({ forgetAt }: Revocation) => forgetAt !== null && forgetAt <= now;
      const kept = words.filter((word) => !isPast(word));
      for (const { bytes } of words.filter(isPast)) this.#held.delete(sha256(bytes).toHex());
      if (kept.length === 0) this.#known.delete(id);
      else if (kept.length < words.length) this.#known.set(id, kept);
    }
  }

  #isFull({ byRoot, signer }: Revocation): boolean {
    const all = this.all();
    if (byRoot) return all.length >= MAX_REVOCATIONS;
    const own = all.filter((known) => equals(known.signer, signer)).length;
    return own >= MAX_REVOCATIONS_A_SIGNER || all.length >= MAX_REVOCATIONS / 2;
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
