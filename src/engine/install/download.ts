import { reasonOf } from "../../base/as_error.ts";
import {
  type DownloadAdvice,
  downloadFile,
  type DownloadWorld,
  NameTakenError,
} from "../../downloads/mod.ts";
import { ARCHIVE_CHUNK_BYTES } from "../base/defaults.ts";
import { EngineInstallError } from "../base/errors.ts";

export interface DownloadOptions {
  readonly url: string;
  /** The finished file; beside it lies what is there of an unfinished one. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
  readonly onProgress: (receivedBytes: number) => void;
  readonly world: DownloadWorld;
  readonly signal?: AbortSignal;
}

const ADVICE: DownloadAdvice = {
  denied: "try again later, or from another network",
  nameTaken: "and try again",
};

/**
 * Downloads an archive and checks it; what an earlier attempt or run left is continued.
 * @throws {EngineInstallError} or the signal's reason
 */
export async function download(options: DownloadOptions): Promise<void> {
  const { url, path } = options;
  try {
    await fetchFile(options).catch(async (error) => {
      if (!(error instanceof NameTakenError)) throw error;
      // The folder is ours: what lies there is of a release that was published anew under the same name.
      await Deno.remove(path);
      await fetchFile(options);
    });
  } catch (error) {
    options.signal?.throwIfAborted();
    throw new EngineInstallError(`Could not download ${url}: ${reasonOf(error)}`, { cause: error });
  }
}

async function fetchFile(options: DownloadOptions): Promise<void> {
  const { url, path, sizeBytes, sha256, onProgress, world } = options;
  const { signal = new AbortController().signal } = options;
  let receivedBytes = 0;
  await downloadFile({ url: new URL(url), path, sizeBytes, sha256 }, {
    chunkBytes: ARCHIVE_CHUNK_BYTES,
    ...world,
    signal,
    advice: ADVICE,
    onBytes: (bytes) => onProgress(receivedBytes += bytes),
    peers: [],
    onLiar: () => {},
  });
}
