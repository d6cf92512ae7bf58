/** The management API's shapes and the narrow view of the node that the routes work on. The console imports types only. */

export interface Device {
  name: string;
  totalBytes: number;
  offeredBytes: number;
  usedBytes: number;
}

export interface WorkerStatus {
  id: string;
  share: number;
}

export interface InstanceStatus {
  host: string;
  mode: "solo" | "split";
  state: "warm" | "loading" | "waiting";
  term: number;
  hostShare: number;
  workers: WorkerStatus[];
  /** Only while waiting. */
  needBytes?: number;
  haveBytes?: number;
  /** Fraction loaded, only while loading and where this node knows it. */
  progress?: number;
}

export interface ModelStatus {
  name: string;
  sizeBytes: number;
  state: "warm" | "loading" | "waiting" | "cold";
  mode: "solo" | "split";
  hosts: string[];
  workers: WorkerStatus[];
  onDisk: boolean;
  instances: InstanceStatus[];
}

export interface PeerStatus {
  id: string;
  name: string;
  role: "host" | "worker" | "standby";
  model: string | null;
  vramBytes: number;
  devices: Device[];
  rttMs: number | null;
  version: string;
}

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

/** What crossed on llama.cpp's RPC streams, and what did not. */
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

/** How this node was started: what people type on a machine like it, up to the options. */
export interface Commands {
  /** Before the options of a node. */
  start: string;
  /** Before any other command. */
  run: string;
}

/** `GET /api/status`: design.md 4. */
export interface Status {
  version: string;
  commands: Commands;
  node: {
    id: string;
    name: string;
    role: "host" | "worker" | "standby" | "client";
    /** It lives by the routing table, and no peer lists it: a client, or a standby of a large mesh. */
    passive: boolean;
    model: string | null;
    vramBytes: number;
    addresses: string[];
    devices: Device[];
    tokensPerSecond: number;
    clientsConnected: number;
    engine: { build: string; rpcProtocol: string; path: string } | null;
  };
  mesh: { id: string; vramBytes: number; token: string | null };
  peers: PeerStatus[];
  models: ModelStatus[];
  tunnels: TunnelStatus[];
}

export interface LogLine {
  time: string;
  level: string;
  event: string;
  message: string;
}

/** The end of what one llama.cpp process printed. */
export interface EngineLog {
  /** As the file in the log folder, without its ending. */
  name: string;
  text: string;
}

/** What `GET /api/events` carries. */
export type NodeEvent =
  | { type: "status"; status: Status }
  | { type: "log"; line: LogLine }
  | {
    type: "progress";
    task: "load" | "download";
    model: string;
    fraction: number;
  }
  | { type: "request"; request: RequestRecord }
  | PeerEvent;

/** A machine came or went. A status says who is there, and not why one no longer is. */
export interface PeerEvent {
  type: "peer";
  peer: string;
  name: string;
  change: "joined" | "left" | "died";
}

/** One finished request. */
export interface RequestRecord {
  id: string;
  time: string;
  model: string;
  /** PeerId that answered; `null` where nobody could. */
  host: string | null;
  path: string;
  /** 499 where the caller went away, 502 where the answer broke off after its first byte. */
  status: number;
  /**
   * Milliseconds that the whole request waited: here for an instance that is loaded or in place of others
   * that failed, and at the one that answers for a slot.
   */
  queueMs: number;
  /** Milliseconds from asking that one until a stream to its host was open; `null` for this node's own. */
  connectMs: number | null;
  /** Milliseconds from arrival to the first byte of the answer, and to its end. */
  firstByteMs: number | null;
  totalMs: number;
  /** As llama-server counts them, with those it had in its cache. */
  tokensIn: number | null;
  /** As llama-server counts them; an estimate where the answer broke off. */
  tokensOut: number | null;
  /** The answer came as events. */
  streamed: boolean;
  /** Instances that were asked in vain before the first byte. */
  retries: number;
  /** How often another instance was asked to continue the answer. */
  continuations: number;
  /** PeerIds that went on with the answer, in order; the same one again where its llama-server was started anew. */
  continuedBy: string[];
  /** Name of the API key that asked, where keys are required. */
  key?: string;
  /** The start of the request's body, only with `--record-prompts`. */
  prompt?: string;
}

/** An instance that can answer now. */
export interface GatewayInstance {
  readonly host: string;
  readonly model: string;
  readonly fingerprint: string;
  readonly local: boolean;
  readonly mode: "solo" | "split";
  readonly sizeBytes: number;
  /** Tokens of prompt and answer together. */
  readonly contextLength: number;
}

/** What the caller's API key allows, for the host to check again. `null` is no limit. */
export interface Grant {
  /** The key's name. */
  readonly key: string;
  readonly models: readonly string[] | null;
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
}

/** A request on its way to an instance. */
export interface ForwardRequest {
  readonly requestId: string;
  /** The model as the caller names it; `null` where it leaves the choice to the node. */
  readonly asked: string | null;
  readonly method: string;
  /** Path and query, as the caller sent them. */
  readonly path: string;
  readonly headers: Headers;
  readonly body: Uint8Array | null;
  /** Aborts when the answer has ended, or is no longer wanted. */
  readonly signal: AbortSignal;
  /** Absent where no key was required. */
  readonly grant?: Grant;
  /** Called where the instance is another node's, once a stream to it is open. */
  readonly connected?: () => void;
}

/** The instance could not be reached, or no longer serves the model, or ended; nothing was answered. */
export class InstanceUnavailableError extends Error {
  override name = "InstanceUnavailableError";
  /** The request had reached it: perhaps the request is what ended it. */
  readonly wasAsked: boolean;

  constructor(message: string, { wasAsked, cause }: { wasAsked: boolean; cause?: unknown }) {
    super(message, { cause });
    this.wasAsked = wasAsked;
  }
}

/** What the OpenAI gateway needs of the node. */
export interface GatewayNode {
  readonly self: string;
  /** Before somebody looks: what a passive node knows is made fresh. Never fails, takes 1 s at most. */
  freshen(): Promise<void>;
  /** False for a passive node that has not reached its mesh yet: it can't say what is served. */
  readonly knowsMesh: boolean;
  /** Warm instances as this node knows them now. */
  warm(): readonly GatewayInstance[];
  /** A passive node fetches the routing table anew; an active one answers from its view. */
  refresh(signal: AbortSignal): Promise<void>;
  /** Names that may be warm soon: loading, waiting for memory, wanted, or served by a group that elects its host. */
  coming(): readonly string[];
  /**
   * Nobody serves the model that a request names. True where it lies on a disk of the mesh and is loaded
   * for it, so that the request may be held.
   */
  summon(model: string, signal: AbortSignal): Promise<boolean>;
  /** The model that this node serves or takes part in, if any. */
  readonly ownModel: string | null;
  /** @throws {InstanceUnavailableError} before the first byte of an answer; the gateway tries the next. */
  forward(instance: GatewayInstance, request: ForwardRequest): Promise<Response>;
  /** Nothing comes from the instance although it was asked: the node finds out whether its host lives. */
  doubt(instance: GatewayInstance): void;
  /** Called once for each request when its answer has ended. */
  record(request: RequestRecord): void;
}

/** Where and how a model could run in the mesh as it is now. */
export interface Fit {
  kind: "solo" | "split" | "none";
  /** Weights, KV cache at `contextLength` and compute buffers. */
  needBytes: number;
  /** Memory of the nodes that were counted. */
  haveBytes: number;
  contextLength: number;
  /** The largest context that these nodes could hold; `null` where none fits or the header is not known. */
  largestContextLength: number | null;
  /** Who would run it, the host first, with its fraction of the layers. Empty for `none`. */
  nodes: { id: string; share: number }[];
  /** One sentence for people. */
  reason: string;
}

export interface DownloadStatus {
  state: "running" | "paused" | "failed";
  receivedBytes: number;
  totalBytes: number;
  bytesPerSecond: number;
  secondsLeft: number | null;
  /** One sentence, where it failed. */
  error: string | null;
}

/** One entry of `GET /api/catalog`: a model on this disk, elsewhere in the mesh, or in the built-in catalog. */
export interface CatalogEntry {
  name: string;
  /** `null` for what is on nobody's disk. */
  fingerprint: string | null;
  places: ("disk" | "mesh" | "catalog")[];
  sizeBytes: number;
  architecture: string | null;
  quantisation: string | null;
  /** What it was trained for. */
  contextLength: number | null;
  licence: string | null;
  /** `org/repo` on Hugging Face, where it comes from there. */
  repository: string | null;
  /** It reads images too. */
  vision: boolean;
  state: "warm" | "loading" | "waiting" | "cold";
  /** Of the node that answers; `null` where the header is not known yet. */
  fit: Fit | null;
  download: DownloadStatus | null;
  /** Why a file on this disk can't be used. */
  broken: string | null;
}

/** The node does not do what was asked with a model; the message says why. */
export class ModelRefusedError extends Error {
  override name = "ModelRefusedError";

  /** @param why nobody here knows the name, or what is known does not allow it. */
  constructor(readonly why: "unknown" | "conflict", message: string) {
    super(message);
  }
}

/** What the management routes do with models and their files. */
export interface ModelActions {
  /** Every model that this node knows of: on its disk, elsewhere in the mesh, in the catalog. */
  catalog(): CatalogEntry[];
  /**
   * Begins a download, or goes on with one.
   * @param reference a name of the catalog, a repository as `org/repo[:quantisation]`, or a URL
   * @throws {ModelRefusedError}
   */
  download(reference: string): Promise<{ name: string; download: DownloadStatus }>;
  /** `null` where nothing of that name is unfinished. */
  downloadStatus(name: string): DownloadStatus | null;
  /** Keeps what has arrived. @throws {ModelRefusedError} */
  pauseDownload(name: string): Promise<void>;
  /** Removes what has arrived. @throws {ModelRefusedError} */
  cancelDownload(name: string): Promise<void>;
}

/** What a node counts since its start. */
export interface NodeCounters {
  /** Children that were started again after a crash. */
  readonly engineRestarts: number;
  /** What peers were refused, by what it was. */
  readonly refusals: Readonly<Record<string, number>>;
}

/** What a node knows of a peer, and found when it tried to reach it. */
export interface PeerCheck {
  id: string;
  name: string;
  version: string;
  addresses: string[];
  /** `null` where this node does not know it, as a client. */
  rpcProtocol: string | null;
  /** By the peer's own clock, in milliseconds since the epoch, or later. */
  startedMs: number | null;
  /** Why no stream opened just now; `null` where one did. */
  unreachable: string | null;
}

/** One of `GET /api/tokens`: an invite that this node made, or that was made from one of its own and is in use. */
export interface InviteStatus {
  /** Names it in `DELETE /api/tokens/:id`. */
  id: string;
  role: "member" | "client";
  name: string | null;
  mayInvite: boolean;
  /** Epoch milliseconds. */
  expiresAt: number | null;
  state: "valid" | "expired" | "revoked";
  /** Epoch milliseconds; `null` for one that another node made. */
  createdAt: number | null;
  /** PeerIds of the nodes that are connected by it now. */
  usedBy: string[];
}

/** The node does not revoke what it was asked to; the message says why. */
export class InviteRefusedError extends Error {
  override name = "InviteRefusedError";

  constructor(readonly why: "unknown" | "not-allowed", message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** What the management routes need of the node. */
export interface ManagementNode {
  counters(): NodeCounters;
  readonly modelActions: ModelActions;
  /** As in `GatewayNode`. */
  freshen(): Promise<void>;
  /** Somebody looks on: what a passive node knows is kept fresh until the result is called. */
  watch(): () => void;
  status(): Status;
  /** Every event from now on; `status` events come at most 4 a second. */
  subscribe(listener: (event: NodeEvent) => void): () => void;
  /** The ends of the logs of llama.cpp's processes, the latest first. */
  engineLogs(): Promise<EngineLog[]>;
  /** Tries to reach every peer; takes a few seconds at most. */
  checkPeers(): Promise<PeerCheck[]>;
  /** A new invite. @throws {Error} with a sentence where this node may not invite. */
  invite(
    options: {
      role: "member" | "client";
      name?: string;
      mayInvite?: boolean;
      /** Epoch milliseconds. */
      expiresAt?: number;
    },
  ): Promise<string>;
  tokens(): InviteStatus[];
  /** Ends an invite and whoever came by it. @throws {InviteRefusedError} */
  revoke(id: string): Promise<void>;
  /** This node serves the model from now on, as if `--model` had named it. @throws {ModelRefusedError} */
  serve(model: string): Promise<void>;
  /** This node stops serving the model; resolves when its memory is free. @throws {ModelRefusedError} */
  drop(model: string): Promise<void>;
}
