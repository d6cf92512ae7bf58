/** Models and their files, as the management API shows them. */

/** An instance that would have to stop before a model fits. */
export interface FitStop {
  /** PeerId of the machine that hosts it. */
  host: string;
  /** That machine's name for itself. */
  machine: string;
  model: string;
  /** `null` for a model that does not run: the machine is kept free for it. */
  fingerprint: string | null;
  running: boolean;
  /** A user has told a machine to serve it, so that it stops only by a user's hand. */
  pinned: boolean;
}

/** The way in which a model could run in the mesh as it is now, and the machines for it. */
export interface Fit {
  kind: "solo" | "split" | "none";
  /** All of it on GPUs, or with main memory; `null` for `none`. */
  memory: "gpu" | "all" | null;
  /** Weights, KV cache at `contextLength` and compute buffers. */
  needBytes: number;
  /** Memory that is free on the nodes that were counted, once `stops` have stopped; for `none` all that they offer. */
  haveBytes: number;
  contextLength: number;
  /** The largest context that these nodes could hold; `null` where none fits or the header is not known. */
  largestContextLength: number | null;
  /** The nodes that would run it, the host first, with their fractions of the layers. Empty for `none`. */
  nodes: { id: string; share: number }[];
  /**
   * The instances that would have to stop first, the fewest. Empty where the model fits what is free now, and for `none`; an older node
   * does not say it.
   */
  stops?: FitStop[] | undefined;
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
  /** The text that stands for this model only: its name, where no other model has that. */
  id: string;
  name: string;
  /** `null` for what is on nobody's disk. */
  fingerprint: string | null;
  places: ("disk" | "mesh" | "catalog")[];
  sizeBytes: number;
  architecture: string | null;
  quantisation: string | null;
  /** The context length that it was trained for. */
  contextLength: number | null;
  licence: string | null;
  /** `org/repo` on Hugging Face, where it comes from there. */
  repository: string | null;
  /** It reads images too. */
  vision: boolean;
  /** Its purpose, where its file is on this disk. */
  purpose?: "text" | "embeddings" | "reranking" | undefined;
  state: "warm" | "loading" | "turn" | "waiting" | "failed" | "cold";
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

/** The actions on models and their files that the management routes need. */
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
  /** Looks at the disk again, where a download has just ended. */
  refresh(): Promise<void>;
  /** Removes a model's files from this node's models folder, unless it is served here. @throws {ModelRefusedError} */
  remove(name: string): Promise<void>;
}
