import { electHost } from "../../mesh/mod.ts";
import type { MemoryUse } from "../../models/mod.ts";
import type { FreeMemory } from "./ledger.ts";
import type { Member } from "./view.ts";

/** The member with the most memory of that kind, as `bytes` counts it. */
export function elect(
  candidates: readonly Member[],
  memory: MemoryUse,
  bytes: FreeMemory["bytes"],
): Member | undefined {
  const host = electHost(
    candidates.map((member) => ({ peer: member.peer, memoryBytes: bytes(member, memory) })),
  );
  return candidates.find(({ peer }) => peer === host);
}
