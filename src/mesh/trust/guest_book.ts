import { MAX_GUESTS } from "../base/defaults.ts";
import { equalValues } from "../base/equal_values.ts";
import type { Guest } from "./removal.ts";
import type { PeerId } from "../base/peer_id.ts";

/** Machines that this node could take out of the mesh, also while they are away: of nobody else does it keep anything. */
export class GuestBook {
  readonly #changed: () => void;
  /** The one that was seen last is the last. */
  readonly #guests: Map<PeerId, Guest>;

  constructor(stored: readonly Guest[], changed: () => void) {
    this.#guests = new Map(stored.map((guest) => [guest.id, guest]));
    this.#changed = changed;
  }

  /** Of more than a node keeps those are forgotten that it has not seen for longest. */
  note(guest: Guest): void {
    const known = this.#guests.get(guest.id);
    const former = guest.former ?? (isSame(known, guest) ? known?.former ?? null : null);
    const named = { ...guest, name: guest.name ?? known?.name ?? null, former };
    this.#guests.delete(guest.id);
    this.#guests.set(guest.id, named);
    for (const id of this.#guests.keys()) {
      if (this.#guests.size <= MAX_GUESTS) break;
      this.#guests.delete(id);
    }
    if (!equalValues(known, named)) this.#changed();
  }

  /** A machine says its name. */
  rename(id: PeerId, name: string): void {
    const known = this.#guests.get(id);
    if (known !== undefined && known.name !== name) this.note({ ...known, name });
  }

  all(): readonly Guest[] {
    return [...this.#guests.values()];
  }
}

/** By the same certificates. */
function isSame(a: Guest | undefined, b: Guest): boolean {
  return a?.links.at(-1)?.id === b.links.at(-1)?.id;
}
