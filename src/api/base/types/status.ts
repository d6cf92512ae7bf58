/** `GET /api/status` and its parts: docs/management-api.md. */

import type { Finding } from "./finding.ts";
import type { RelayView } from "./relays.ts";

export interface Device {
  name: string;
  /** Memory of its own, a GPU's part of main memory, a software renderer's, or main memory. */
  kind: "discrete" | "integrated" | "software" | "cpu" | null;
  totalBytes: number;
  offeredBytes: number;
  usedBytes: number;
}

/** A machine as it describes itself. `null` is a field that an older node does not send. */
export interface MachineStatus {
  name: string;
  /** Of mesh-llm. */
  version: string;
  /** Operating system and processor: `linux x64`. */
  system: string | null;
  devices: readonly Device[];
  /** `origin`: `release:b11541` or `debian` where mesh-llm has installed it; an older node does not say it. */
  engine: { build: string; rpcProtocol: string; origin?: string | null } | null;
  /** Only of a machine whose owner has switched loading by request off. */
  loadsOnRequest?: false;
}

export interface WorkerStatus {
  id: string;
  share: number;
}

/** A node's part in one instance: everything that it hosts or works for is listed. */
export interface ServingStatus {
  model: string;
  role: "host" | "worker";
  /** Whose instance it is: a worker may lend memory to several hosts. */
  host: string;
  mode: "solo" | "split";
  state: InstanceStatus["state"];
  /** Served because a user said so: it is not given up for another model. */
  pinned: boolean;
  /** By the names of the node's devices; empty where it waits, or the node lists none. */
  reservedBytes: Readonly<Record<string, number>>;
}

export interface InstanceStatus {
  host: string;
  mode: "solo" | "split";
  /**
   * `turn`: its host loads it once another model has had its turn with the memory. `failed`: it ended again and again for
   * the same reason before it was ready; it is tried again in growing pauses.
   */
  state: "warm" | "loading" | "turn" | "waiting" | "failed";
  /** Why it is `failed`, in the words of what has failed. */
  reason?: string;
  /** Why its host serves it; `null` where the host doesn't say. */
  why: string | null;
  term: number;
  hostShare: number;
  workers: WorkerStatus[];
  /** Tokens that prompt and answer may have together; `null` where the host does not know. */
  contextLength: number | null;
  /** Requests that it answers at one time, where the host says it. */
  slots?: number;
  /** Of one request, while it is warm: the middle one of the latest answers of it that this node has passed on. */
  measuredTokensPerSecond?: number;
  /** Only while waiting. */
  needBytes?: number;
  haveBytes?: number;
  /** Fraction loaded, only while loading and where this node knows it. */
  progress?: number;
  /** Sentences about what is left out of it, only of this node's own. */
  notes?: string[];
}

export interface ModelStatus {
  /** The text that stands for this model only: its name, where no other model has that. */
  id: string;
  name: string;
  /** `null` where nobody that is known has a file of it. */
  fingerprint: string | null;
  sizeBytes: number;
  state: InstanceStatus["state"] | "cold";
  /** Why it is neither warm nor loading, where somebody knows. */
  reason: string | null;
  mode: "solo" | "split";
  hosts: string[];
  workers: WorkerStatus[];
  onDisk: boolean;
  /** Of this node's settings for it: another one where they were changed; 0 where they never were. */
  settingsRevision?: number;
  instances: InstanceStatus[];
}

export interface PeerStatus extends MachineStatus {
  id: string;
  /** As of its model. */
  role: "host" | "worker" | "standby";
  /** The model of the first that it serves and its user has pinned, else of the first. */
  model: string | null;
  /** The models whose groups it belongs to, also those that it does not serve yet. */
  models: string[];
  serving: ServingStatus[];
  vramBytes: number;
  rttMs: number | null;
  /** How the last RPC or file stream to or from it went; absent where none has. */
  bulk?: "tcp" | "quic";
  /** How it is reached now; absent where this node has no connection to it. */
  reached?: Reached;
}

/**
 * `lan`: within one network. `direct`: at an address of its own. `mapped`: through a port that a router opens for it.
 * `punched`: by a way that both have found through their routers. `relayed`: over another node, `by` its id; `advice` says
 * what would make it better.
 */
export type Reached =
  | { kind: "lan" | "direct" | "mapped" | "punched" }
  | { kind: "relayed"; by: string; advice: string };

export interface TunnelStatus {
  peer: string;
  kind: "rpc" | "http";
  streams: number;
  bytesSent: number;
  bytesReceived: number;
  weightBytesSaved: number;
  rttMs: number | null;
  /** Of RPC streams. */
  rpc?: RpcTraffic;
}

/** The traffic of llama.cpp's RPC streams, and the weight bytes that did not cross. */
export interface RpcTraffic {
  /** Why bytes pass as they are, weights too, in one sentence; `null` where they are understood. */
  readonly plain: string | null;
  readonly frames: Readonly<Record<string, number>>;
  readonly tensorBytesMoved: number;
  readonly refused: number;
  readonly roundTrips: number;
  readonly graphs: number;
  readonly roundTripsPerToken: number | null;
  readonly answeredHere: number;
  readonly stalls: number;
  readonly stalledMs: number;
}

/** Another mesh on the local network. Anybody may announce any name there. */
export interface LanMeshStatus {
  name: string;
  /** Eight hexadecimal digits that tell meshes of one name apart. */
  shortId: string;
  machines: number;
  /** `192.168.1.5:47001`, UDP. */
  addresses: string[];
}

/** The local network, as far as this node sees it. */
export interface LanStatus {
  /** `off` by `--no-lan`; `listening`: this node does not announce itself, as clients never do. */
  state: "off" | "listening" | "announced";
  /** Why a part of it can't be seen; `null` where all is well. */
  problem: string | null;
  /** This mesh, as others on the network see it; `null` while this node does not announce it. */
  mesh: { name: string; shortId: string } | null;
  meshes: LanMeshStatus[];
  /** Machines of this mesh that were found there. */
  peers: { id: string; addresses: string[] }[];
}

/** The way through this network's router. */
export interface PortMappingStatus {
  /**
   * `off` by `--no-port-mapping` and for clients; `looking` until a router has answered; `mapped`: it leads `address` to
   * this node; `none`: no router opens ports; `hidden`: it did, but has no address in the internet itself.
   */
  state: "off" | "looking" | "mapped" | "none" | "hidden";
  by: "NAT-PMP" | "UPnP" | null;
  /** `45.76.1.1:47001`, UDP. */
  address: string | null;
  /** A router's refusal in a sentence. */
  problem: string | null;
}

/** How this node was started: what people type on a machine like it, up to the options. */
export interface Commands {
  /** Before the options of a node. */
  start: string;
  /** Before any other command. */
  run: string;
}

/** `GET /api/status`: docs/management-api.md. */
export interface Status {
  version: string;
  commands: Commands;
  node: MachineStatus & {
    id: string;
    role: "host" | "worker" | "standby" | "client";
    /** It lives by the routing table, and no peer lists it: a client, or a standby of a large mesh. */
    passive: boolean;
    /** As of a peer. */
    model: string | null;
    serving: ServingStatus[];
    vramBytes: number;
    addresses: string[];
    tokensPerSecond: number;
    clientsConnected: number;
    /** Requests that this node answers now, of its own callers and of other nodes; an older node does not say it. */
    answering?: number;
    engine: { path: string } | null;
    /** Sentences about what has happened to its own processes. */
    notes?: string[];
  };
  mesh: { id: string; vramBytes: number; token: string | null };
  peers: PeerStatus[];
  models: ModelStatus[];
  tunnels: TunnelStatus[];
  /** An older node does not look there. */
  lan?: LanStatus;
  /** An older node knows none. */
  relays?: RelayView[];
  /** An older node asks no router. */
  portMapping?: PortMappingStatus;
  /** Problems that the user should know, the gravest first; an older node does not report them. */
  findings?: Finding[];
}
