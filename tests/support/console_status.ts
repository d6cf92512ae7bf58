/** Statuses for tests of the console: a mesh of one, grown by the pieces that a test needs. */

import type {
  Finding,
  InstanceStatus,
  LanStatus,
  ModelStatus,
  PeerStatus,
  RequestRecord,
  ServingStatus,
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
    contextLength: 4_096,
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
    serving: [],
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
  readonly lan?: LanStatus;
  readonly portMapping?: Status["portMapping"];
  readonly relays?: Status["relays"];
}

/** A node's parts in the instances, each with all that is used there of one device. */
function servingIn(
  models: readonly ModelStatus[],
  { id, devices: [device] }: Pick<PeerStatus, "id" | "devices">,
): ServingStatus[] {
  const reservedBytes = device === undefined ? {} : { [device.name]: device.usedBytes };
  return models.flatMap((model) =>
    model.instances.flatMap(({ host, mode, state, workers }): ServingStatus[] => {
      const part = { model: model.name, host, mode, state, pinned: false, reservedBytes };
      if (host === id) return [{ ...part, role: "host" }];
      return workers.some((worker) => worker.id === id) ? [{ ...part, role: "worker" }] : [];
    })
  );
}

/** By default: one machine called `studio` that runs the guide. */
export function status(
  { node, mesh, peers = [], models = [model()], findings = [], lan, portMapping, relays }:
    StatusParts = {},
): Status {
  const self: Omit<Status["node"], "serving"> = {
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
    node: { ...self, serving: node?.serving ?? servingIn(models, self) },
    mesh: { id: "mesh", vramBytes, token: "mesh-token", ...mesh },
    peers: peers.map((peer) =>
      peer.serving.length > 0 ? peer : { ...peer, serving: servingIn(models, peer) }
    ),
    models,
    tunnels: [],
    findings,
    ...(lan === undefined ? {} : { lan }),
    ...(relays === undefined ? {} : { relays }),
    ...(portMapping === undefined ? {} : { portMapping }),
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

/** As long as names of quantised files are. */
export const LONG = "Qwen3-Embedding-4B-Instruct-2507-UD-Q4_K_XL-with-a-long-ending-that-goes-on";

/** Three models on one machine, a worker of two hosts, and a model of two copies. */
export function busy(): Status {
  const wide = instance({
    host: TOWER,
    mode: "split",
    hostShare: 0.6,
    workers: [{ id: MINI, share: 0.4 }],
  });
  const long = instance({
    mode: "split",
    state: "loading",
    why: "its user wants it",
    progress: 0.35,
    hostShare: 0.7,
    workers: [{ id: MINI, share: 0.3 }],
  });
  const second = instance({
    host: TOWER,
    why: "it is asked for more than its instances can answer",
  });
  const cpu = { name: "CPU", kind: "cpu", totalBytes: 64 * GB, offeredBytes: 40 * GB } as const;
  const card = {
    name: "CUDA0",
    kind: "discrete",
    totalBytes: 24 * GB,
    offeredBytes: 22 * GB,
  } as const;
  const here = { host: SELF, role: "host", mode: "solo", state: "warm", pinned: true } as const;
  const lent = { role: "worker", mode: "split", pinned: false } as const;
  return status({
    node: {
      model: "chat",
      devices: [{ ...card, usedBytes: 13.5 * GB }, { ...cpu, usedBytes: 4 * GB }],
      vramBytes: 62 * GB,
      serving: [
        { ...here, model: "chat", reservedBytes: { CUDA0: 9 * GB } },
        {
          ...here,
          model: LONG,
          mode: "split",
          state: "loading",
          reservedBytes: { CUDA0: 3 * GB, CPU: 4 * GB },
        },
        { ...here, model: "rerank", pinned: false, reservedBytes: { CUDA0: GB } },
      ],
    },
    peers: [
      peer({
        role: "worker",
        model: "wide",
        devices: [{ ...cpu, totalBytes: 16 * GB, offeredBytes: 12 * GB, usedBytes: 7 * GB }],
        serving: [
          { ...lent, model: "wide", host: TOWER, state: "warm", reservedBytes: { CPU: 4 * GB } },
          { ...lent, model: LONG, host: SELF, state: "loading", reservedBytes: { CPU: 3 * GB } },
        ],
      }),
      peer({
        id: TOWER,
        name: "tower",
        role: "host",
        model: "wide",
        devices: [{ ...card, usedBytes: 6.4 * GB }],
        vramBytes: 22 * GB,
        serving: [
          {
            ...here,
            mode: "split",
            model: "wide",
            host: TOWER,
            reservedBytes: { CUDA0: 5.4 * GB },
          },
          { ...here, pinned: false, model: "rerank", host: TOWER, reservedBytes: { CUDA0: GB } },
        ],
      }),
    ],
    models: [
      model({
        name: "chat",
        sizeBytes: 8.1e9,
        instances: [instance({ why: "its user wants it" })],
      }),
      model({ name: LONG, sizeBytes: 9.4e9, state: "loading", instances: [long] }),
      model({ name: "rerank", sizeBytes: 0.6e9, instances: [instance(), second] }),
      model({ name: "wide", sizeBytes: 9e9, instances: [wide] }),
    ],
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
