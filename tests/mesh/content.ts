import type { AnnouncementContent } from "../../src/mesh/mod.ts";

/** What a standby with one gibibyte says of itself. */
export function content(changes: Partial<AnnouncementContent> = {}): AnnouncementContent {
  return {
    name: "node",
    version: "0.1.0",
    role: "standby",
    memoryBytes: 2 ** 30,
    devices: [],
    models: [],
    wanted: [],
    target: null,
    split: false,
    tensorSplit: null,
    assignable: true,
    claim: null,
    refuses: [],
    dropped: [],
    failures: [],
    downloadBytes: 0,
    demand: {},
    instance: null,
    obeys: null,
    engine: null,
    tunnelPorts: {},
    ...changes,
  };
}
