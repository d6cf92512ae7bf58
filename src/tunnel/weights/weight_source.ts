/** The part of the models on this machine that the tunnel needs: node fills these interfaces. */

/** One tensor of a GGUF by what it is: two with one SHA-256 are the same bytes. */
export interface Weight {
  readonly name: string;
  /** ggml type number. */
  readonly type: number;
  readonly shape: readonly number[];
  readonly byteLength: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** A weight of the model that this node hosts. */
export interface HostedWeight extends Weight {
  /** 16 hex digits. It finds a candidate and proves nothing. */
  readonly fnv1a64: string;
}

/** A weight that comes over the network and is to be kept. Nobody waits for it while it comes. */
export interface WeightWriter {
  /** Copies the bytes. A disk that can't follow costs the entry, never the stream. */
  write(bytes: Uint8Array): void;
  /** Keeps the weight if all of it came; answers whether it did. Its content is verified when it is read. */
  commit(): Promise<boolean>;
  /** Leaves nothing behind. Safe to call twice and after `commit`. */
  abort(): Promise<void>;
}

/** The weights on this machine. */
export interface WeightSource {
  /** Tensors of that name in the model that this node hosts; none before they are known. */
  named(name: string): readonly HostedWeight[];
  /** Whether the file that holds the weight still looks as it did when it was hashed. */
  isCurrent(weight: Weight): Promise<boolean>;
  /**
   * The weight's bytes from any file or store on this machine, each piece verified before it is handed
   * out, and the reader's until it asks for the next. `undefined` where there are none; the iteration
   * throws where they are not what they were.
   */
  read(weight: Weight): Promise<AsyncGenerator<Uint8Array> | undefined>;
  /** Begins to keep a weight; `undefined` where it would not fit. */
  keep(weight: Weight): WeightWriter | undefined;
}
