import { peerIdOf } from "../../src/mesh/base/keys.ts";
import type { MeshRecord } from "../../src/mesh/gossip/record.ts";
import { content } from "./content.ts";
import { silentRoster } from "./gossip/silent_roster.ts";

/** Announcements of a thousand nodes, the same nodes each time. */
export function thousandRecords(seq: number): MeshRecord[] {
  return Array.from({ length: 1_000 }, (_, i) => {
    const peer = peerIdOf(new Uint8Array(32).fill(i & 255).fill(i >> 8, 0, 1));
    const announcement = {
      ...content({ wanted: [`model-${seq}`] }),
      peer,
      addresses: [],
      rttsMs: {},
      incarnation: 1,
      seq,
    };
    const bytes = Uint8Array.of(i & 255, i >> 8, seq);
    const version = { subject: peer, signer: peer, incarnation: 1, seq };
    return { ...version, status: "alive", announcement, bytes };
  });
}

/** How long it takes to merge them into the same thousand, one version earlier. */
export function timeMerge(): number {
  const roster = silentRoster(thousandRecords(1));
  const newer = thousandRecords(2);
  const startedAt = performance.now();
  const changes = roster.accept(newer);
  if (changes.length !== newer.length) throw new Error(`Merged ${changes.length} of 1,000`);
  return performance.now() - startedAt;
}
