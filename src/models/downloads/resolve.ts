import { wholeText } from "../../base/whole_text.ts";
import { reasonOf } from "../../base/as_error.ts";
import { basename, join } from "node:path";
import { parseReference } from "../catalog/reference.ts";
import { pickFiles, readRepository, type RepositoryInfo } from "../catalog/repository.ts";
import { InvalidReferenceError } from "../base/errors.ts";
import { shardName } from "../base/shards.ts";
import { MAX_METADATA_BYTES } from "../base/defaults.ts";
import {
  checkStatus,
  DownloadRefusedError,
  type DownloadWorld,
  type FileToDownload,
  httpGet,
} from "../../downloads/mod.ts";
import { MODEL_ADVICE } from "./advice.ts";
import { parseJson } from "../../base/json.ts";
import { isModelName } from "../../base/model_name.ts";

/** The files to fetch, as the repository describes them now. */
export interface DownloadPlan {
  /** The name that the model will have. */
  readonly name: string;
  /** The reference by which it was requested. */
  readonly reference: string;
  readonly repository: string | null;
  readonly licence: string | null;
  /** Of the model's own files, without its projector. */
  readonly modelBytes: number;
  readonly files: readonly FileToDownload[];
}

export interface ResolveOptions extends DownloadWorld {
  /** `HF_ENDPOINT`, or Hugging Face. */
  readonly hub: URL;
  /** The folder for models. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/**
 * Asks where the model's files are, how large, and with which digests.
 * @throws {InvalidReferenceError | DownloadRefusedError}
 */
export async function resolveDownload(
  reference: string,
  options: ResolveOptions,
): Promise<DownloadPlan> {
  const parsed = parseReference(reference, options.hub);
  if (parsed.kind === "url") return await resolveUrl(reference, parsed, options);
  const { repository } = parsed;
  const info = await fetchRepository(repository, options);
  const files = pickFiles(info, parsed);
  const { model: name } = shardName(files[0]?.path ?? "");
  if (!isModelName(name) || name.includes("/")) throw new InvalidReferenceError(reference);
  return {
    name,
    reference,
    repository,
    licence: info.licence,
    modelBytes: files.filter(({ path }) => shardName(path).model === name)
      .reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    files: files.map(({ path, sizeBytes, sha256 }) => ({
      url: new URL(`/${repository}/resolve/${info.commit}/${encodePath(path)}`, options.hub),
      path: join(options.folder, repository, basename(path)),
      sizeBytes,
      sha256,
    })),
  };
}

async function fetchRepository(
  repository: string,
  options: ResolveOptions,
): Promise<RepositoryInfo> {
  const url = new URL(`/api/models/${repository}?blobs=true`, options.hub);
  const answer = await ask(url, {}, options);
  try {
    if (answer.status === 404) {
      throw new DownloadRefusedError(
        `There is no repository ${repository} on ${url.host}, or it needs a token in HF_TOKEN`,
      );
    }
    checkStatus(answer, 200, { url, advice: MODEL_ADVICE });
    const info = readRepository(parseJson(await wholeText(answer.body, MAX_METADATA_BYTES)));
    if (info !== undefined) return info;
  } catch (error) {
    throw refused(url, error, options.signal);
  } finally {
    answer.close();
  }
  throw new DownloadRefusedError(`${url.host} does not describe ${repository} as expected`);
}

async function resolveUrl(
  reference: string,
  { url: href, name }: { readonly url: string; readonly name: string },
  options: ResolveOptions,
): Promise<DownloadPlan> {
  const url = new URL(href);
  const answer = await ask(url, { range: "bytes=0-0" }, options);
  answer.close();
  if (answer.status !== 200 && answer.status !== 206) {
    throw new DownloadRefusedError(`${url.host} answered ${answer.status} for ${url.pathname}`);
  }
  const { "content-range": range, "content-length": length } = answer.headers;
  const sizeBytes = Number(answer.status === 206 ? range?.split("/")[1] : length);
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes <= 0) {
    throw new DownloadRefusedError(`${url.host} does not say how large ${url.pathname} is`);
  }
  const path = join(options.folder, `${name}.gguf`);
  const files = [{ url, path, sizeBytes, sha256: null }];
  return { name, reference, repository: null, licence: null, modelBytes: sizeBytes, files };
}

async function ask(
  url: URL,
  headers: Readonly<Record<string, string>>,
  options: ResolveOptions,
) {
  try {
    return await httpGet(url, headers, options);
  } catch (error) {
    throw refused(url, error, options.signal);
  }
}

function refused(url: URL, error: unknown, signal: AbortSignal): Error {
  signal.throwIfAborted();
  if (error instanceof DownloadRefusedError) return error;
  const reason = reasonOf(error);
  return new DownloadRefusedError(`Could not ask ${url.host}: ${reason}`, { cause: error });
}

function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
