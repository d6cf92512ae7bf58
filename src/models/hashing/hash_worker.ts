/**
 * The worker thread that hashes a file: gets a {@linkcode HashJob}, posts a {@linkcode HashResult}. The executable has this
 * folder as it is, and nothing around it: its modules import one another, and what the runtime brings.
 */

import { hashTensors, type TensorHash, type TensorPlace } from "./hash_tensors.ts";

export interface HashJob {
  readonly path: string;
  readonly places: readonly TensorPlace[];
}

export type HashResult =
  | { readonly kind: "hashes"; readonly hashes: readonly TensorHash[] }
  | { readonly kind: "failed"; readonly reason: string };

interface WorkerScope {
  onmessage: ((event: MessageEvent<HashJob>) => void) | null;
  postMessage(result: HashResult): void;
}

const scope = globalThis as unknown as WorkerScope;

scope.onmessage = ({ data }) => scope.postMessage(hash(data));

function hash({ path, places }: HashJob): HashResult {
  try {
    using file = Deno.openSync(path);
    return { kind: "hashes", hashes: hashTensors(file, places) };
  } catch (error) {
    return { kind: "failed", reason: error instanceof Error ? error.message : String(error) };
  }
}
