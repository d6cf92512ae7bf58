/** The node that runs on this machine, found by its `node.json` and asked through its management API. */

import { join } from "node:path";
import { isAlive } from "../../base/is_alive.ts";
import { isForeign } from "../../base/own_files.ts";
import { MANAGEMENT_TIMEOUT_MS } from "../base/defaults.ts";

/** Nothing runs on the data directory. */
export class NodeNotRunningError extends Error {
  override name = "NodeNotRunningError";
  constructor(dataDir: string) {
    super(
      `No node is running on ${dataDir}: start one with mesh-llm console, ` +
        `or name its directory with --data-dir`,
    );
  }
}

/** The node runs and would not do what was asked. */
export class NodeAnswerError extends Error {
  override name = "NodeAnswerError";
  /** As the API names the refusal, where it does. */
  readonly code: string | null;

  constructor(
    message: string,
    { code = null, ...options }: ErrorOptions & { readonly code?: string | null } = {},
  ) {
    super(message, options);
    this.code = code;
  }
}

interface NodeFile {
  readonly pid: number;
  readonly api: string;
  /** Base URL of the management API. */
  readonly console: string;
  readonly adminKey: string;
}

export interface RunningNodeClient {
  readonly pid: number;
  /** Base URL of its API for programs. */
  readonly api: string;
  /** The parsed body. @throws {NodeAnswerError} with the node's own words. */
  get(path: string): Promise<unknown>;
  /** @param options.timeoutMs for what takes its time */
  post(path: string, body: unknown, options?: { readonly timeoutMs: number }): Promise<unknown>;
  patch(path: string, body: unknown): Promise<unknown>;
  delete(path: string): Promise<unknown>;
}

/** @throws {NodeNotRunningError} */
export async function findRunningNode(dataDir: string): Promise<RunningNodeClient> {
  // A machine that only runs `mesh-llm --client` has its node one folder deeper.
  const file = await readNodeFile(dataDir) ?? await readNodeFile(join(dataDir, "client"));
  if (file === null) throw new NodeNotRunningError(dataDir);
  return {
    pid: file.pid,
    api: file.api,
    get: (path) => ask(file, dataDir, path, { timeoutMs: MANAGEMENT_TIMEOUT_MS }),
    delete: (path) =>
      ask(file, dataDir, path, { method: "DELETE", timeoutMs: MANAGEMENT_TIMEOUT_MS }),
    post: (path, body, { timeoutMs } = { timeoutMs: MANAGEMENT_TIMEOUT_MS }) =>
      ask(file, dataDir, path, { timeoutMs, method: "POST", ...asJson(body) }),
    patch: (path, body) =>
      ask(file, dataDir, path, {
        timeoutMs: MANAGEMENT_TIMEOUT_MS,
        method: "PATCH",
        ...asJson(body),
      }),
  };
}

function asJson(body: unknown) {
  return { headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

/** `null` where there is none, or where a node that was killed left it behind. */
async function readNodeFile(dataDir: string): Promise<NodeFile | null> {
  const path = join(dataDir, "node.json");
  const info = await Deno.stat(path).catch(() => null);
  if (info === null || isPlanted(info)) return null;
  const text = await Deno.readTextFile(path).catch(() => null);
  const file = text === null ? null : parseNodeFile(text);
  return file !== null && isAlive(file.pid) ? file : null;
}

/** A file of another user would be asked for invites. The administrator may ask everybody's node. */
export function isPlanted(
  info: Pick<Deno.FileInfo, "uid">,
  self: number | null = Deno.uid(),
): boolean {
  return self !== 0 && isForeign(info, self);
}

export function parseNodeFile(text: string): NodeFile | null {
  try {
    const { pid, api, console, adminKey } = JSON.parse(text);
    const whole = Number.isSafeInteger(pid) && pid > 0 && typeof adminKey === "string" &&
      [api, console].every((url) => typeof url === "string" && URL.canParse(url));
    return whole ? { pid, api, console, adminKey } : null;
  } catch {
    return null;
  }
}

async function ask(
  file: NodeFile,
  dataDir: string,
  path: string,
  { timeoutMs, ...request }: {
    timeoutMs: number;
    method?: string;
    headers?: Record<string, string>;
    body?: string;
  },
): Promise<unknown> {
  const signal = AbortSignal.timeout(timeoutMs);
  const headers = { ...request.headers, authorization: `Bearer ${file.adminKey}` };
  let response: Response;
  try {
    response = await fetch(new URL(path, file.console), { ...request, headers, signal });
  } catch (error) {
    if (!signal.aborted) throw new NodeNotRunningError(dataDir);
    throw new NodeAnswerError(
      `The node with pid ${file.pid} did not answer within ${timeoutMs / 1000} s`,
      { cause: error },
    );
  }
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok) {
    throw new NodeAnswerError(refusal(body, response.status), { code: codeOf(body) });
  }
  return body;
}

/** Both ports answer errors as `{error: {message}}`. */
function refusal(body: unknown, status: number): string {
  const error = (body as { error?: { message?: unknown } | null } | null)?.error;
  return typeof error?.message === "string" ? error.message : `The node answered ${status}`;
}

function codeOf(body: unknown): string | null {
  const error = (body as { error?: { code?: unknown } | null } | null)?.error;
  return typeof error?.code === "string" ? error.code : null;
}
