/** What a model file is. */

/** The part of a GGUF header that fitting, splitting and display need. */
export interface GgufHeader {
  readonly version: number;
  readonly architecture: string;
  readonly name: string | null;
  readonly quantisation: string | null;
  readonly layers: number;
  readonly contextLength: number;
  readonly embeddingLength: number;
  /** Width of a feed-forward step: the widest layer's, and of a mixture the experts in use together. */
  readonly feedForwardLength: number;
  /** Where layers differ, the largest. */
  readonly headCount: number;
  readonly headCountKv: number;
  /** Key-value heads of all layers together: some models differ by layer, or cache nothing in some. */
  readonly kvHeads: number;
  readonly keyLength: number;
  readonly valueLength: number;
  readonly vocabularySize: number;
  readonly expertCount: number;
  readonly hasChatTemplate: boolean;
  readonly split: { readonly index: number; readonly count: number } | null;
  readonly tensors: readonly GgufTensor[];
  /** Where tensor data starts in the file. */
  readonly dataOffset: number;
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
  readonly header: GgufHeader;
}

/** A member that could take part in a split. */
export interface SplitCandidate<Id extends string = string> {
  readonly peer: Id;
  readonly memoryBytes: number;
  /** From the host; `undefined` where nobody measured it yet. */
  readonly rttMs: number | undefined;
}

export type Placement<Id extends string = string> =
  | { readonly kind: "solo" }
  | {
    readonly kind: "split";
    readonly hostShare: number;
    readonly workers: readonly { readonly peer: Id; readonly share: number }[];
    readonly haveBytes: number;
  }
  | { readonly kind: "waiting"; readonly needBytes: number; readonly haveBytes: number };
