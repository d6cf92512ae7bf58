import { gatherMachine } from "../../src/mesh/base/machine.ts";
import type { AnnouncementContent, Machine } from "../../src/mesh/mod.ts";

/** A machine of which little is known. */
export function machine(changes: Partial<Machine> = {}): Machine {
  return { name: "node", version: "0.1.0", system: null, devices: [], engine: null, ...changes };
}

export type ContentChanges = Partial<Omit<AnnouncementContent, "machine"> & Machine>;

/** The announcement of a standby with one gibibyte. */
export function content(changes: ContentChanges = {}): AnnouncementContent {
  return gatherMachine({
    ...machine(),
    role: "standby" as const,
    memoryBytes: 2 ** 30,
    models: [],
    aliases: [],
    wanted: [],
    targets: [],
    split: false,
    tensorSplit: null,
    assignable: true,
    claims: [],
    refuses: [],
    dropped: [],
    failures: [],
    downloadBytes: 0,
    demand: {},
    instances: [],
    obeys: [],
    reservations: [],
    ...changes,
  });
}
