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
  const all = [self, ...members.map((one) => ({ ...one, name: one.machine.name }))];
  const [oldest = self] = all.sort((a, b) =>
    a.incarnation - b.incarnation || (a.peer < b.peer ? -1 : 1)
  );
  return oldest.name;
}
