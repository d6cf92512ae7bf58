/** llama.cpp on this machine, as the rest of the program sees it. */

/** The place where llama.cpp was found. The paths run as they are. */
export interface Binaries {
  readonly llamaServer: string;
  readonly rpcServer: string;
}

/** `discrete` has memory of its own; `integrated` is a GPU that uses main memory, and `software` is none at all. */
export type DeviceKind = "discrete" | "integrated" | "software";

/** A compute device that llama.cpp offers, from `--list-devices`. */
export interface EngineDevice {
  /** llama.cpp's own name (`CUDA0`, `Metal`). */
  readonly name: string;
  readonly description: string;
  readonly kind: DeviceKind;
  readonly totalBytes: number;
  readonly freeBytes: number;
}

/** A device that is not used any more: it stopped working while this node ran. */
export interface LostDevice {
  readonly name: string;
  readonly description: string;
  /** A clause: `once again, the GPU Vulkan0 was lost (ggml_vulkan: device lost on Vulkan0)`. */
  readonly reason: string;
}

/** A device that llama.cpp offers and this node does not use. */
export interface LeftDevice {
  readonly name: string;
  readonly description: string;
  /** A clause: `it is the same card as CUDA0`. */
  readonly reason: string;
  /** Something else has its memory: at another start it may be used. */
  readonly isFull: boolean;
}

/** The two binaries and what they can do, read once from `--help`, `--version` and `--list-devices`. */
export interface Engine extends Binaries {
  readonly build: string;
  /** `major.minor.patch` of the RPC wire, from a HELLO to the rpc-server itself. */
  readonly rpcProtocol: string;
  /** Those that are used, in the order in which llama.cpp is told them; empty: the CPU alone. */
  readonly devices: readonly EngineDevice[];
  readonly leftOut: readonly LeftDevice[];
  readonly llamaServerFlags: ReadonlySet<string>;
  readonly rpcServerFlags: ReadonlySet<string>;
  /** Absent, or `null`, where it was not installed by us. */
  readonly record?: EngineRecord | null;
}

/** As the binaries say it: which of the devices are used is decided after that. */
export type ProbedEngine = Omit<Engine, "leftOut" | "record">;

/** Main memory of this machine, or of the container that this process is in. */
export interface MainMemory {
  readonly totalBytes: number;
  /** Without swapping, at this moment. */
  readonly availableBytes: number;
}

/** Memory of one device that this node offers its mesh; the CPU's is main memory. */
export interface OfferedDevice {
  readonly name: string;
  readonly kind: DeviceKind | "cpu";
  readonly totalBytes: number;
  readonly offeredBytes: number;
  readonly usedBytes: number;
}

export interface OfferedMemory {
  /** That of all devices, main memory among them. */
  readonly memoryBytes: number;
  readonly devices: readonly OfferedDevice[];
}

/** How many threads llama.cpp gets on this machine. */
export interface Threads {
  readonly count: number;
  /** llama-server would take more by itself: it knows neither affinity nor control groups, nor slow ARM cores. */
  readonly isFewer: boolean;
}

/** One member of a split, in the order host first. Ports are on loopback. */
export interface SplitMember {
  /**
   * The port by which llama-server reaches the rpc-server: the member's tunnel, or the host's own rpc-server. `null`:
   * the host's GPUs.
   */
  readonly rpcPort: number | null;
  readonly share: number;
  /**
   * The memory of each device behind `rpcPort`, in the order of the member's `OfferedMemory.devices`: an rpc-server
   * serves all GPUs of its machine, and `--tensor-split` wants one entry a device. Absent: one device.
   */
  readonly deviceBytes?: readonly number[];
}

/** The memory in which a llama-server keeps a model that it serves alone. */
export type ModelPlace =
  /**
   * All of it in that of the devices; where there are none, in main memory. Without `names` it is all of them. Beside a
   * large model its projector may stay in main memory, for it works once for each picture and not for each token.
   */
  | {
    readonly kind: "devices";
    readonly names?: readonly string[];
    readonly projector?: "main";
  }
  /**
   * llama.cpp fills the devices and keeps the rest in main memory, experts of a mixture first.
   * `spareBytes` is what stays free on each of these devices, in their order.
   */
  | {
    readonly kind: "both";
    readonly spareBytes: readonly number[];
    readonly names?: readonly string[];
  }
  | { readonly kind: "main" };

/** The model that a llama-server is to serve. */
export interface LlamaServerSpec {
  readonly kind: "llama-server";
  readonly modelPath: string;
  readonly modelName: string;
  /** The model in the log, where its name would not tell it from another one. @default {modelName} */
  readonly label?: string;
  /** Tokens that each request may have, whatever the others do. */
  readonly contextLength: number | null;
  /** Requests that are answered at one time, each with a context of its own. @default {1} */
  readonly slots?: number;
  /** Tokens that are computed at once, where that has to be a whole text. Absent: as llama.cpp does by itself. */
  readonly batchTokens?: number;
  /** Without being told, a llama-server answers neither for embeddings nor for a ranking. Absent: text. */
  readonly purpose?: "text" | "embeddings" | "reranking";
  /** Empty: solo. Else host first, then workers. */
  readonly split: readonly SplitMember[];
  /** Of a model that is served alone. @default {"devices"} */
  readonly place?: ModelPlace;
  /** Main memory for prompts that are kept. Absent, or more than llama.cpp takes by itself: that much. */
  readonly promptCacheBytes?: number;
  /** Checkpoints of each conversation, in main memory as well. Absent: as many as llama.cpp takes by itself. */
  readonly checkpoints?: number;
  /** A small model that guesses tokens for this one. */
  readonly draftPath?: string | null;
  /** The file that lets the model read images. */
  readonly projectorPath?: string | null;
  /** Further arguments, as `judgeArguments` allows them: they win over what stands here. */
  readonly args?: readonly string[];
}

export interface RpcServerSpec {
  readonly kind: "rpc-server";
  /** The model that it lends memory to, for people. */
  readonly modelName?: string;
  /** The same in the log, as of a llama-server. */
  readonly label?: string;
  /**
   * The devices that it lends: `main` for a host's own, whose GPUs are llama-server's; `gpus` to a host of an earlier
   * version, which knows of no main memory beside them. @default {"all"}
   */
  readonly lends?: "all" | "gpus" | "main";
  /** Passed as `--gguf` where the binary offers it (the fork). */
  readonly modelPath: string | null;
}

export type ServerSpec = LlamaServerSpec | RpcServerSpec;

/** The part that a server failed at, as far as it tells: a file, or the rpc-server of a worker that was lost. */
export type FailedPart = "model" | "draft" | "projector" | "worker";

export interface ExitCause {
  /** For people, behind the server's name: the line that tells, without its time stamp. */
  readonly text: string;
  readonly part: FailedPart;
  /** It lost a GPU. `device` is `null` if nothing says which: one of those that it used. */
  readonly lost?: { readonly device: string | null };
}

export type ServerState =
  | { readonly kind: "stopped" }
  | { readonly kind: "starting"; readonly attempt: number }
  | { readonly kind: "ready"; readonly port: number }
  /** It lives and does nothing any more: it is being ended. */
  | { readonly kind: "frozen"; readonly reason: string }
  /** Crashed; started again at `retryAtMs` (epoch) where the server restarts by itself. */
  | {
    readonly kind: "failed";
    /** 128 + n where signal n ended it. */
    readonly exitCode: number | null;
    readonly cause: ExitCause;
    /** Why it was held for frozen and ended; `null` where it ended by itself. */
    readonly frozen: string | null;
    readonly retryAtMs: number | null;
  }
  | { readonly kind: "stopping" };

export interface LaunchOptions {
  /**
   * Starts the server again, with backoff, when it crashes after it was ready. A server that ends before is given up:
   * the code that launched it decides when to try again. A split's llama-server is never started again: its host plans
   * anew.
   */
  readonly restart: boolean;
}

/** How a model lies in memory, as llama.cpp tells it. */
export interface PlacedModel {
  readonly layers: number;
  readonly layersOnDevices: number;
  /** By device of this machine; `CPU` is main memory. */
  readonly bytes: Readonly<Record<string, number>>;
  /** Behind rpc-servers, by the port that leads to them. */
  readonly bytesAtPorts: Readonly<Record<number, number>>;
}

/** One child and its successors after crashes. Made by `Supervisor.launch`; never reused after `stop`. */
export interface ManagedServer {
  readonly spec: ServerSpec;
  readonly state: ServerState;
  /** Key for the server's API, random for each launch; `null` for an rpc-server. */
  readonly apiKey: string | null;
  /** Fraction loaded, 0 to 1, while starting and where the binary tells. */
  readonly progress: number;
  /** Told by a llama-server, bit by bit until it is ready; else `null`. */
  readonly placed: PlacedModel | null;
  /** Process id while a child runs. */
  readonly pid: number | null;
  /**
   * Fires when the child that runs now counts as frozen. Its requests are lost then: if the system holds the process,
   * as for a driver that hangs, not even SIGKILL ends it, and its connections stay open.
   */
  readonly frozen: AbortSignal;
  /** Called on every change of `state`, and of `progress`. */
  subscribe(listener: (state: ServerState) => void): () => void;
  /** Resolves with the port once healthy. @throws {EngineExitedError} when it gives up, or the signal's reason. */
  ready(signal?: AbortSignal): Promise<number>;
  /** SIGTERM, then SIGKILL; resolves when the child is gone. Safe to call twice. */
  stop(): Promise<void>;
}

/** A server that lived and did nothing any more, and was ended for it. */
export interface Freeze {
  /** ISO 8601. */
  readonly time: string;
  readonly server: ServerSpec["kind"];
  /** The model that it served, or lent memory to; `null` where nobody has said. */
  readonly model: string | null;
  readonly reason: string;
}

/** Owns every child process of the node. */
export interface Supervisor {
  launch(spec: ServerSpec, options: LaunchOptions): ManagedServer;
  /** Number of children started again after a crash, by model, since the start of the node. */
  readonly restarts: ReadonlyMap<string, number>;
  /** The last ones, the newest last. */
  readonly freezes: readonly Freeze[];
  /** The devices that children are given: those of the engine without `lostDevices`. */
  readonly devices: readonly EngineDevice[];
  /** Those that are given up until this node starts anew. */
  readonly lostDevices: readonly LostDevice[];
  /** Stops all children; resolves when none is left. */
  stop(): Promise<void>;
}

/** The source of an installed llama.cpp. */
export type EngineSource = "release" | "debian";

/** The backend with which a build of llama.cpp computes. */
export type Backend = "cuda" | "rocm" | "vulkan" | "metal" | "cpu";

/** The backend that a user may ask for; `auto` is the best that runs on the machine. */
export type BackendChoice = "auto" | "cuda" | "rocm" | "vulkan" | "cpu";

/** A build as the release has it: CUDA's comes for two versions of its own. */
export type EngineBuild = "cuda-13" | "cuda-12" | "rocm" | "vulkan" | "metal" | "cpu";

/** The record of an engine that was installed by us. */
export interface EngineRecord {
  readonly source: EngineSource;
  /** Of the release; `null` for Debian's packages, which are whatever Debian has at the time. */
  readonly tag: string | null;
  readonly build: EngineBuild;
  /** The device that gave the right answer when it was installed; `null` where the CPU did. */
  readonly device: string | null;
  /** Why it is no better one: `RTX 3060, driver 535: CUDA 12.8 needs 550; using Vulkan`. `null`: it is the best. */
  readonly why: string | null;
}

/** The backend of an engine, and whether it is the best for this machine. */
export interface EngineAdvice {
  /** `null`: one that is not known here. */
  readonly backend: Backend | null;
  /** Why nothing better is used; `null` where there is nothing better. */
  readonly found: string | null;
  /** The remedy; `null` if there is none. */
  readonly remedy: string | null;
}

/** A question whose right answer is known, for an engine that is to show that it works. */
export interface Trial {
  readonly modelPath: string;
  readonly question: string;
  readonly answer: string;
}

export interface InstallProgress {
  readonly source: EngineSource;
  /** The current step, for people: `Downloading llama-b11541-bin-macos-arm64.tar.gz`. */
  readonly step: string;
  readonly receivedBytes: number;
  /** `null` where it is not known; no bar can be drawn then. */
  readonly totalBytes: number | null;
}
