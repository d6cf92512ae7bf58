import { PARALLEL_RANGES, RETRY_PAUSE_MAX_MS } from "./defaults.ts";
import { httpGet } from "./http_get.ts";
import type { HttpAnswer, HttpOptions } from "./http_types.ts";
import {
  BusySourceError,
  type ChunkSource,
  type DownloadAdvice,
  FatalSourceError,
  RangesIgnoredError,
} from "./types.ts";

export interface OriginOptions extends Omit<HttpOptions, "signal"> {
  readonly url: URL;
  readonly advice: DownloadAdvice;
  readonly sizeBytes: number;
}

/** Mark of chunks from the server whose digest of the file decides. */
export const ORIGIN = "origin";

/** The server that publishes the file. */
export class Origin implements ChunkSource {
  readonly name = ORIGIN;
  readonly parallel = PARALLEL_RANGES;
  readonly #options: OriginOptions;

  constructor(options: OriginOptions) {
    this.#options = options;
  }

  /** @throws {RangesIgnoredError} unless the server sends exactly the part that is asked for. */
  async *read(offset: number, length: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const { sizeBytes } = this.#options;
    const last = offset + length - 1;
    const answer = await this.#get({ range: `bytes=${offset}-${last}` }, signal);
    try {
      if (answer.status === 200) throw new RangesIgnoredError("It ignores ranges");
      checkStatus(answer, 206, this.#options);
      checkRange(answer.headers["content-range"], { offset, last, sizeBytes });
      yield* answer.body;
    } finally {
      answer.close();
    }
  }

  /** The file from its beginning, for servers without ranges. */
  async *readAll(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const answer = await this.#get({}, signal);
    try {
      checkStatus(answer, 200, this.#options);
      yield* answer.body;
    } finally {
      answer.close();
    }
  }

  #get(headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<HttpAnswer> {
    return httpGet(this.#options.url, headers, { ...this.#options, signal });
  }
}

/** @throws the sentence for people; fatal where the same question gets the same answer. */
export function checkStatus(
  answer: HttpAnswer,
  expected: number,
  { url, advice }: Pick<OriginOptions, "url" | "advice">,
): void {
  const { status, headers } = answer;
  if (status === expected) return;
  if (status === 429 || status >= 500) {
    const asked = Number(headers["retry-after"]) * 1000;
    const pauseMs = asked > 0 ? Math.min(asked, RETRY_PAUSE_MAX_MS) : 0;
    throw new BusySourceError(`${url.host} answered ${status}`, pauseMs);
  }
  if (status === 401 || status === 403) {
    throw new FatalSourceError(
      `${url.host} refuses ${url.pathname} (${status}): ${advice.denied}`,
    );
  }
  throw new FatalSourceError(`${url.host} answered ${status} for ${url.pathname}`);
}

interface Asked {
  readonly offset: number;
  readonly last: number;
  readonly sizeBytes: number;
}

function checkRange(found: string | undefined, { offset, last, sizeBytes }: Asked): void {
  const [, from, to, total] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(found ?? "") ?? [];
  if (total !== undefined && total !== "*" && Number(total) !== sizeBytes) {
    throw new FatalSourceError(
      `The file has ${total} bytes there, and should have ${sizeBytes}: it was changed meanwhile`,
    );
  }
  if (Number(from) === offset && Number(to) <= last) return;
  throw new Error(`It was asked for bytes ${offset}-${last} and sends ${found ?? "no range"}`);
}
