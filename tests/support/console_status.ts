/** Statuses for tests of the console: a mesh of one, grown by the pieces that a test needs. */

import type {
  Finding,
  InstanceStatus,
  ModelStatus,
  PeerStatus,
  RequestRecord,
  Status,
} from "../../src/api/base/types.ts";
import { machine } from "../mesh/content.ts";
import { requestRecord } from "../api/fake_node.ts";

export const SELF = "12D3KooWSelfSelfSelfSelfSelfSelfSelfSelfSelfAAAAAA";
export const MINI = "12D3KooWMiniMiniMiniMiniMiniMiniMiniMiniMiniBBBBBB";
export const TOWER = "12D3KooWTowerTowerTowerTowerTowerTowerTowerTowCCCCCC";

export const GB = 1e9;

export function instance(of: Partial<InstanceStatus> = {}): InstanceStatus {
  return {
    host: SELF,
    mode: "solo",
    state: "warm",
    why: null,
    term: 1,
    hostShare: 1,
    workers: [],
    ...of,
  };
}

export function model(of: Partial<ModelStatus> = {}): ModelStatus {
  const instances = of.instances ?? [instance()];
  return {
    id: of.name ?? "guide",
    name: "guide",
    fingerprint: "ab".repeat(32),
    sizeBytes: 1.5e6,
    state: "warm",
    reason: null,
    mode: instances[0]?.mode ?? "solo",
    hosts: instances.map(({ host }) => host),
    workers: instances[0]?.workers ?? [],
    onDisk: true,
    ...of,
    instances,
  };
}

const ENGINE = { build: "11669", rpcProtocol: "8.0.0", origin: "debian" };

export function peer(of: Partial<PeerStatus> = {}): PeerStatus {
  return {
    ...machine({ name: "mini", engine: ENGINE }),
    id: MINI,
    role: "standby",
    model: null,
    models: [],
    vramBytes: 12 * GB,
    devices: [{
      name: "CPU",
      kind: "cpu",
      totalBytes: 16 * GB,
      offeredBytes: 12 * GB,
      usedBytes: 0,
    }],
    rttMs: 0.4,
    ...of,
  };
}

export interface StatusParts {
  readonly node?: Partial<Status["node"]>;
  readonly mesh?: Partial<Status["mesh"]>;
  readonly peers?: PeerStatus[];
  readonly models?: ModelStatus[];
  readonly findings?: Finding[];
}

/** By default: one machine called `studio` that runs the guide. */
export function status(
  { node, mesh, peers = [], models = [model()], findings = [] }: StatusParts = {},
): Status {
  const self: Status["node"] = {
    ...machine({ name: "studio" }),
    id: SELF,
    role: "host",
    passive: false,
    model: "guide",
    vramBytes: 24 * GB,
    addresses: [],
    devices: [{
      name: "CPU",
      kind: "cpu",
      totalBytes: 32 * GB,
      offeredBytes: 24 * GB,
      usedBytes: 2 * GB,
    }],
    tokensPerSecond: 0,
    clientsConnected: 0,
    engine: { ...ENGINE, path: "/usr/bin/llama-server" },
    ...node,
  };
  const vramBytes = peers.reduce((sum, { vramBytes }) => sum + vramBytes, self.vramBytes);
  return {
    version: "0.1.0",
    commands: { start: "./mesh-llm", run: "./mesh-llm" },
    node: self,
    mesh: { id: "mesh", vramBytes, token: "mesh-token", ...mesh },
    peers,
    models,
    tunnels: [],
    findings,
  };
}

/** A mesh as large as the page has to stay smooth with: issue 9. One machine uses as much memory as is told. */
export function crowd(usedBytes: number): Status {
  const id = (index: number) => `12D3KooWPeer${index}`;
  const cpu = {
    name: "CPU",
    kind: "cpu" as const,
    totalBytes: 16 * GB,
    offeredBytes: 12 * GB,
  };
  return status({
    peers: Array.from({ length: 49 }, (_, index) =>
      peer({
        id: id(index),
        name: `node-${index}`,
        devices: [{ ...cpu, usedBytes: index === 7 ? usedBytes : GB }],
      })),
    models: Array.from({ length: 100 }, (_, index) =>
      model({
        name: `model-${index}`,
        state: index < 20 ? "warm" : "cold",
        instances: index < 20 ? [instance({ host: id(index) })] : [],
      })),
  });
}

/** A request of a moment ago that one host began to answer and another ended. */
export function continuedRequest(): RequestRecord {
  return requestRecord({
    time: new Date(Date.now() - 5_000).toISOString(),
    host: MINI,
    queueMs: 10,
    connectMs: 20,
    firstByteMs: 130,
    totalMs: 1_130,
    tokensIn: 12,
    tokensOut: 100,
    continuations: 1,
    continuedBy: [TOWER],
  });
}
