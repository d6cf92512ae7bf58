import { systemWords } from "../base/system_error.ts";

/** A port that another program has. */
export class PortInUseError extends Error {
  override name = "PortInUseError";

  constructor(readonly port: number, readonly flag: string, options?: ErrorOptions) {
    super(
      `Port ${port} is in use: end the program that has it, or pass another by ${flag}`,
      options,
    );
  }
}

/** An address or port that this machine does not let us have. */
export class ListenError extends Error {
  override name = "ListenError";
}

export interface ListenOptions {
  readonly hostname: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** What a user changes to get another port. */
  readonly flag: string;
  /** The answer where the handler threw. */
  readonly onError: (error: unknown) => Response;
}

/** One listener, and what it has not finished answering. */
export interface Listener {
  /** Without a trailing slash. */
  readonly url: string;
  /** Lets answers under way end for up to `graceMs`, then hangs up on all. Safe to call twice. */
  stop(graceMs: number): Promise<void>;
}

/**
 * Serves HTTP on one address.
 * @throws {PortInUseError | ListenError} where it can't be had.
 */
export function listen(
  options: ListenOptions,
  handle: (request: Request) => Response | Promise<Response>,
): Listener {
  const hangUp = new AbortController();
  const pending = new Set<Promise<void>>();
  const server = bind(options, hangUp.signal, (request, info) => {
    const done = info.completed.catch(() => {}).finally(() => pending.delete(done));
    pending.add(done);
    return handle(request);
  });
  return {
    url: urlOf(options.hostname, server.addr.port),
    // Not `server.shutdown`: it closes idle connections, but then no longer those that stay busy.
    async stop(graceMs) {
      await settled(pending, graceMs);
      hangUp.abort();
      await server.finished;
    },
  };
}

function bind(
  { hostname, port, flag, onError }: ListenOptions,
  signal: AbortSignal,
  handler: Deno.ServeHandler<Deno.NetAddr>,
): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve({ hostname, port, signal, onError, onListen: () => {} }, handler);
  } catch (cause) {
    if (cause instanceof Deno.errors.AddrInUse) throw new PortInUseError(port, flag, { cause });
    throw new ListenError(
      `Could not listen on ${hostname}, port ${port}: ${systemWords(cause)}`,
      { cause },
    );
  }
}

async function settled(pending: ReadonlySet<Promise<void>>, withinMs: number): Promise<void> {
  if (pending.size === 0) return;
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, withinMs);
  await Promise.race([Promise.all(pending), late]);
  clearTimeout(timer);
}

/** A URL that works on this machine: a wildcard is no address to connect to. */
function urlOf(hostname: string, port: number): string {
  if (hostname === "0.0.0.0") return `http://127.0.0.1:${port}`;
  if (hostname === "::") return `http://[::1]:${port}`;
  return `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}
