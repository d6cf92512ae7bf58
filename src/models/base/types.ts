/** The description of a model file. */

/** The content of a GGUF header, as fitting, pairing and display need it. */
export interface ModelHeader {
  readonly version: number;
  readonly architecture: string;
  readonly name: string | null;
  readonly quantisation: string | null;
  readonly layers: number;
  readonly contextLength: number;
  readonly embeddingLength: number;
  /** Width of a feed-forward step: the widest layer's, and of a mixture the experts in use together. */
  readonly feedForwardLength: number;
  /** The largest, if layers differ. */
  readonly headCount: number;
  readonly headCountKv: number;
  /** Key-value heads of all layers together: some models differ by layer, or cache nothing in some. */
  readonly kvHeads: number;
  readonly keyLength: number;
  readonly valueLength: number;
  readonly vocabularySize: number;
  readonly expertCount: number;
  readonly expertUsedCount: number;
  /** `null` where the file brings none. */
  readonly tokenizer: Tokenizer | null;
  readonly hasChatTemplate: boolean;
  /** How an embedding model sums its tokens up; `null` for models that write. */
  readonly pooling: "none" | "mean" | "cls" | "last" | "rank" | null;
  /** Tokens that some layers look back on; 0 where all see the whole context. */
  readonly slidingWindow: number;
  /** Of `kvHeads`, those in layers with a sliding window. */
  readonly slidingKvHeads: number;
  /** `null` for anything but a projector. */
  readonly projection: Projection | null;
  readonly split: { readonly index: number; readonly count: number } | null;
}

/** The header of one file. */
export interface GgufHeader extends ModelHeader {
  readonly tensors: readonly GgufTensor[];
  /** The offset of tensor data in the file. */
  readonly dataOffset: number;
}

/** The output of a projector, and the models that it is for. */
export interface Projection {
  readonly sees: boolean;
  readonly hears: boolean;
  /**
   * Among these is the width of the language model that it is made for; what the header says comes first, but old files
   * say nothing or something else there. Empty where nothing tells.
   */
  readonly widths: readonly number[];
}

/** The properties that must be alike in two models that share their tokens. */
export interface Tokenizer {
  readonly model: string;
  /** How text is cut before it is looked up. */
  readonly pre: string | null;
  /** SHA-256 of the first tokens as they stand in the file. */
  readonly digest: string;
}

export interface GgufTensor {
  readonly name: string;
  /** ggml type number. */
  readonly type: number;
  readonly shape: readonly number[];
  /** Relative to `dataOffset`. */
  readonly offset: number;
  readonly byteLength: number;
}

/** A complete model on this machine's disk: one file, or all shards of one. */
export interface LocalModel {
  readonly name: string;
  /** First shard. */
  readonly path: string;
  readonly shards: readonly string[];
  readonly sizeBytes: number;
  readonly fingerprint: string;
  readonly header: ModelHeader;
  /** The file that lets it see or hear, where one lies beside it. */
  readonly projector: ProjectorFile | null;
  /** Files that look as if they belonged to the model and can't be used for it. */
  readonly unfit?: readonly UnfitCompanion[];
}

export interface ProjectorFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly sees: boolean;
}

export interface UnfitCompanion {
  readonly kind: "projector" | "draft";
  readonly path: string;
  /** Completes a sentence that begins with the file: "it holds no weights". */
  readonly reason: string;
}

/** A member that could take part in a split. */
/** The memory that one machine offers. */
export interface MemoryPools {
  /** Of GPUs; 0 without one. A GPU that uses main memory counts here as a GPU. */
  readonly gpuBytes: number;
  /** All of it: GPUs and main memory together. */
  readonly memoryBytes: number;
}

/** Whether GPUs hold all of a model, or main memory a part of it, or the whole. */
export type MemoryUse = "gpu" | "all";

export interface SplitCandidate<Id extends string = string> extends MemoryPools {
  readonly peer: Id;
  /** From the host; `undefined` where nobody measured it yet. */
  readonly rttMs: number | undefined;
}

export type Placement<Id extends string = string> =
  | { readonly kind: "solo"; readonly memory: MemoryUse }
  | {
    readonly kind: "split";
    readonly memory: MemoryUse;
    readonly hostShare: number;
    readonly workers: readonly { readonly peer: Id; readonly share: number }[];
    readonly haveBytes: number;
  }
  | { readonly kind: "waiting"; readonly needBytes: number; readonly haveBytes: number };
