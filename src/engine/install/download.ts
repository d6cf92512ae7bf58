import { createHash } from "node:crypto";
import { CONNECT_TIMEOUT_MS, DOWNLOAD_ATTEMPTS, DOWNLOAD_STALL_MS } from "../base/defaults.ts";
import { EngineInstallError, reasonOf } from "../base/errors.ts";

export interface DownloadOptions {
  readonly url: string;
  /** The finished file; what is there of an unfinished one is `<path>.part`. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
  readonly onProgress: (receivedBytes: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Downloads a file and checks it. What an earlier attempt or run left is continued; the digest covers
 * the whole file, so it does not matter who wrote which part.
 * @throws {EngineInstallError}
 */
export async function download(options: DownloadOptions): Promise<void> {
  const part = `${options.path}.part`;
  let received = await sizeOf(part);
  for (let failures = 0; received !== options.sizeBytes;) {
    const before = received;
    const error = await receive(part, before > options.sizeBytes ? 0 : before, options);
    options.signal?.throwIfAborted();
    received = await sizeOf(part);
    failures = received > before ? 0 : failures + 1;
    if (failures < DOWNLOAD_ATTEMPTS) continue;
    throw new EngineInstallError(`Could not download ${options.url}: ${reasonOf(error)}`, {
      cause: error,
    });
  }
  await verify(part, options);
  await Deno.rename(part, options.path);
}

/** Appends what the server sends from `offset` on. Returns what broke it off, or why nothing more came. */
async function receive(
  part: string,
  offset: number,
  { url, sizeBytes, onProgress, signal }: DownloadOptions,
): Promise<unknown> {
  using stall = stallSignal(signal);
  try {
    const response = await fetch(url, {
      headers: offset > 0 ? { range: `bytes=${offset}-` } : {},
      signal: stall.signal,
    });
    const start = await startOf(response, offset, url);
    using file = await Deno.open(part, { write: true, create: true });
    await file.truncate(start);
    await file.seek(start, Deno.SeekMode.Start);
    let received = start;
    for await (const bytes of bytesOf(response, stall.signal)) {
      stall.restart();
      received += bytes.length;
      if (received > sizeBytes) {
        throw new Error(`it is longer than the ${sizeBytes} bytes announced`);
      }
      for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
      onProgress(received);
    }
    return new Error("it ended early");
  } catch (error) {
    if (error instanceof EngineInstallError) throw error;
    return error;
  }
}

/** Ends by hand where the signal fires: Deno 2.9.4 may lose the one that a fetch was given, once the head has come. */
async function* bytesOf({ body }: Response, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader();
  if (reader === undefined) return;
  const cancel = () => void reader.cancel(signal.reason).catch(() => undefined);
  if (signal.aborted) cancel();
  signal.addEventListener("abort", cancel, { once: true });
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
    signal.throwIfAborted();
  } finally {
    signal.removeEventListener("abort", cancel);
    cancel();
  }
}

/** Where the response's body belongs in the file: a server may ignore the range and send all. */
async function startOf(response: Response, offset: number, url: string): Promise<number> {
  const range = `bytes ${offset}-`;
  if (response.status === 206 && response.headers.get("content-range")?.startsWith(range)) {
    return offset;
  }
  if (response.status === 200) return 0;
  await response.body?.cancel();
  throw new EngineInstallError(`Could not download ${url}: the server said ${response.status}`);
}

/** Aborts when nothing has arrived for a while. */
function stallSignal(signal?: AbortSignal) {
  const stalled = new AbortController();
  const arm = (ms: number) =>
    setTimeout(() => stalled.abort(new Error(`nothing arrived for ${ms / 1000} s`)), ms);
  let timer = arm(CONNECT_TIMEOUT_MS);
  return {
    signal: signal === undefined ? stalled.signal : AbortSignal.any([signal, stalled.signal]),
    restart: () => {
      clearTimeout(timer);
      timer = arm(DOWNLOAD_STALL_MS);
    },
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}

async function verify(part: string, { url, sha256 }: DownloadOptions): Promise<void> {
  const hash = createHash("sha256");
  using file = await Deno.open(part);
  for await (const bytes of file.readable) hash.update(bytes);
  const found = hash.digest("hex");
  if (found === sha256) return;
  await Deno.remove(part);
  throw new EngineInstallError(
    `The file from ${url} is not the one that was published: its SHA-256 is ${found} and should be ${sha256}. ` +
      "It was deleted; try again, or install from another source",
  );
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await Deno.stat(path)).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}
