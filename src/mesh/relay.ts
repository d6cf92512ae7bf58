/** To whom a record is passed on. Pure, but for chance. */

import { relayFanout } from "./overlay.ts";
import type { MeshRecord } from "./record.ts";
import type { PeerId } from "./types.ts";

export interface RelaySituation {
  /** Peers with a gossip link. */
  readonly linked: readonly PeerId[];
  /** Who sent it here. */
  readonly from: PeerId | undefined;
  /** Who has it from its signer's own hand, as far as the signer says to whom it is connected. */
  readonly told: Readonly<Record<string, number>>;
  /** Living members. */
  readonly members: number;
  readonly random: () => number;
}

/** Neighbours by chance among those that may not have heard it. */
export function relayTargets(record: MeshRecord, situation: RelaySituation): PeerId[] {
  const { linked, from, told, members, random } = situation;
  const { signer, subject } = record;
  const deaf = linked.filter((peer) =>
    peer !== from && peer !== signer && peer !== subject && told[peer] === undefined
  );
  const count = Math.min(relayFanout(members), deaf.length);
  for (let i = 0; i < count; i++) {
    const j = i + Math.floor(random() * (deaf.length - i));
    [deaf[i], deaf[j]] = [deaf[j] as PeerId, deaf[i] as PeerId];
  }
  return deaf.slice(0, count);
}
