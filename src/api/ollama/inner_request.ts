/** The way from Ollama's paths to the gateway: as another request of the same caller. */

import type { Context, Hono } from "hono";
import type { KeepAlive } from "../../base/keep_alive.ts";
import type { ApiEnv } from "../keys/api_env.ts";

/** The headers of the caller that the gateway reads. */
const READ = ["authorization", "x-api-key", "x-request-id", "user-agent"];

/** Those of an answer that are about the bytes of its body. */
const OF_THE_BODY = ["content-encoding", "content-length", "content-type", "transfer-encoding"];

/** Words of a request beside OpenAI's fields. */
export interface Said {
  readonly keepAlive?: KeepAlive | undefined;
  /** `options.num_ctx` */
  readonly wantedContext?: number | undefined;
}

/**
 * Asks the gateway what a caller has asked in Ollama's words, with its key, so that keys, limits, the search for an
 * instance, the continuation of its answer and the record are those of every request.
 */
export async function askGateway(
  gateway: Hono<ApiEnv>,
  c: Context<ApiEnv>,
  path: string,
  body?: Readonly<Record<string, unknown>>,
  says: Said = {},
): Promise<Response> {
  const headers = new Headers();
  for (const name of READ) {
    const value = c.req.header(name);
    if (value !== undefined) headers.set(name, value);
  }
  const asked = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  if (body !== undefined) headers.set("content-type", "application/json");
  const { signal } = c.req.raw;
  const request = new Request(`http://localhost${path}`, { ...asked, headers, signal });
  return await gateway.fetch(request, { ...c.env, askedPath: c.req.path, ...says });
}

/** The headers of the gateway's answer that hold for its translation too. */
export function headersOf({ headers }: Response, contentType: string): Headers {
  const kept = new Headers(headers);
  for (const name of OF_THE_BODY) kept.delete(name);
  kept.set("content-type", contentType);
  return kept;
}
