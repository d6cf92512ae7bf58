import type { TensorHash } from "../hashing/hash_tensors.ts";

/** One tensor of a file, as it can be recognised anywhere. */
export interface IndexedTensor extends TensorHash {
  readonly name: string;
  /** ggml type number. */
  readonly type: number;
  readonly shape: readonly number[];
  /** From the beginning of the file. */
  readonly offset: number;
  readonly byteLength: number;
}

/** The properties that tell whether a file is still the one that was hashed. */
export interface FileIdentity {
  readonly path: string;
  readonly sizeBytes: number;
  readonly mtimeMs: number;
  readonly inode: number;
}

/** Every tensor of one GGUF file. */
export interface FileIndex {
  readonly file: FileIdentity;
  readonly tensors: readonly IndexedTensor[];
}

/** A tensor by what it is; two with one SHA-256 are the same bytes. */
export interface WeightIdentity {
  readonly name: string;
  readonly type: number;
  readonly shape: readonly number[];
  readonly byteLength: number;
  readonly sha256: string;
}
