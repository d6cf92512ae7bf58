import type { PeerId } from "../base/peer_id.ts";

interface Named {
  readonly name: string;
  readonly incarnation: number;
  readonly peer: PeerId;
}

/** An announcement, as far as its machine's name goes. */
interface Member {
  readonly machine: { readonly name: string };
  readonly incarnation: number;
  readonly peer: PeerId;
}

/**
 * A mesh is called like the machine of it that has been running the longest: all members that see each other say the
 * same, and one who looks knows a machine by it. Pure.
 */
export function meshName(self: Named, members: readonly Member[]): string {
  let oldest = self;
  for (const { incarnation, peer, machine: { name } } of members) {
    const isOlder = incarnation < oldest.incarnation ||
      (incarnation === oldest.incarnation && peer < oldest.peer);
    if (isOlder) oldest = { name, incarnation, peer };
  }
  return oldest.name;
}
