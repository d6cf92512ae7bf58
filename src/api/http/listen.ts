import { finishesWithin } from "../../base/finishes_within.ts";
import { systemWords } from "../../base/system_error.ts";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import {
  HEAD_TIMEOUT_MS,
  KEPT_CONNECTION_MS,
  LINGER_MS,
  REQUESTS_AHEAD_MAX,
} from "../base/defaults.ts";
import type { CallerEnds } from "./local_user.ts";
import { faultOf, refuseMalformed, refuseOn } from "./malformed.ts";
import { sendAnswer } from "./node_answer.ts";
import { requestOf } from "./node_request.ts";
import { answerFor, type Refusal } from "./openai_errors.ts";

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
  /** The flag by which a user picks another port. */
  readonly flag: string;
  /**
   * Further connections are closed. When the process can open no more files, the listener would never accept again,
   * even after others hang up. @default {as many as come}
   */
  readonly maxConnections?: number;
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

export type Handle = (
  request: Request,
  from: { readonly connection: CallerEnds },
) => Response | Promise<Response>;

/**
 * Serves HTTP/1.1 on one address, by `node:http`. Deno's own server refuses bodies beside `Upgrade: h2c`, which Java's
 * clients send, and hangs up on a kept connection after a streamed answer to a body of half a KiB.
 * @throws {PortInUseError | ListenError} where it can't be had.
 */
export async function listen(options: ListenOptions, handle: Handle): Promise<Listener> {
  const pending = new Set<Promise<void>>();
  const current = new WeakMap<Duplex, ServerResponse>();
  const turns = new Turns();
  const server = createServer({
    keepAliveTimeout: KEPT_CONNECTION_MS,
    headersTimeout: HEAD_TIMEOUT_MS,
    // A large body on a slow line is no fault: `readBody` watches that it comes at all.
    requestTimeout: 0,
    // A request without a Host gets this node's own refusal.
    requireHostHeader: false,
  });
  if (options.maxConnections !== undefined) server.maxConnections = options.maxConnections;
  const answer = (incoming: IncomingMessage, outgoing: ServerResponse, wanted = () => {}) => {
    // A connection that is lost is told by "close"; without these the error would be nobody's.
    incoming.on("error", () => {});
    outgoing.on("error", () => {});
    const began = () => current.set(incoming.socket, outgoing);
    const done = turns.take(incoming.socket, async (turn) => {
      const exchanged = { incoming, outgoing, wanted, turn: turn.then(() => began()) };
      await answerOne(exchanged, handle, options.onError);
    }).finally(() => pending.delete(done));
    pending.add(done);
  };
  server.on("request", (incoming, outgoing) => answer(incoming, outgoing));
  // The body is asked for once somebody reads it: what is refused by its length is never sent.
  server.on("checkContinue", (incoming, outgoing) => {
    answer(incoming, outgoing, () => outgoing.writeContinue());
  });
  server.on("connect", ({ url = null }, socket) => {
    refuseOn(socket, { kind: "foreign-host", host: url }, current.get(socket));
  });
  server.on("clientError", (error, socket) => refuseMalformed(error, socket, current.get(socket)));
  const port = await bind(server, options);
  let stopped: Promise<void> | undefined;
  return {
    url: urlOf(options.hostname, port),
    stop: (graceMs) => stopped ??= stop(server, pending, graceMs),
  };
}

/**
 * Requests that a connection sends ahead are answered one after another. `node:http` would have all of them answered at
 * once and hold the later answers back, and such an answer is not told when its connection is lost.
 */
class Turns {
  readonly #lines = new WeakMap<Duplex, { last: Promise<void>; length: number }>();

  /**
   * Resolves when it has been answered, or its connection is gone. Never rejects where `answer` does not.
   * @param answer is called at once, and answers once its turn comes.
   */
  async take(socket: Duplex, answer: (turn: Promise<void>) => Promise<void>): Promise<void> {
    const line = this.#lines.get(socket) ?? { last: Promise.resolve(), length: 0 };
    this.#lines.set(socket, line);
    if (++line.length > REQUESTS_AHEAD_MAX) return void socket.destroy();
    line.last = answer(line.last);
    await line.last;
    line.length--;
  }
}

interface Exchanged {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly wanted: () => void;
  /** Resolves when everything before it has been answered. */
  readonly turn: Promise<unknown>;
}

/** Resolves when the answer has been sent, or its connection is gone. Never rejects. */
async function answerOne(
  { incoming, outgoing, wanted, turn }: Exchanged,
  handle: Handle,
  onError: ListenOptions["onError"],
): Promise<void> {
  const gone = new AbortController();
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  outgoing.once("close", () => {
    if (!outgoing.writableFinished) gone.abort();
    resolve();
  });
  outgoing.once("finish", () => endUnread(incoming));
  try {
    const fault = faultOf(incoming);
    // Now, since behind an offer of another protocol Deno lets nobody have the body later.
    const request = fault === null ? requestOf(incoming, { signal: gone.signal, wanted }) : null;
    await turn;
    if (incoming.socket.destroyed) return;
    const answering = request === null
      ? refusing(fault!)
      : handle(request, { connection: incoming.socket });
    await sendAnswer(await answering, outgoing);
  } catch (error) {
    // Whatever a caller has sent, its error ends this one exchange and nothing else.
    await sendAnswer(onError(error), outgoing).catch(() => outgoing.destroy());
  }
  await closed;
}

function refusing(fault: Refusal): Response {
  const { status, body } = answerFor(fault);
  return Response.json(body, { status, headers: { connection: "close" } });
}

/** A body that nobody read must not come for ever, nor be cut before its sender has read the refusal. */
function endUnread(incoming: IncomingMessage): void {
  const { socket } = incoming;
  if (incoming.complete || socket.destroyed) return;
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  const end = () => {
    clearTimeout(timer);
    socket.off("close", end);
  };
  // A listener for `readable` keeps the stream from flowing.
  incoming.removeAllListeners("readable").once("end", end).resume();
  socket.once("close", end);
}

async function bind(server: Server, { hostname, port, flag }: ListenOptions): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // For good: what fails later (an accept) is no reason to end.
  server.on("error", reject);
  server.listen({ port, host: hostname }, resolve);
  try {
    await promise;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EADDRINUSE") {
      throw new PortInUseError(port, flag, { cause });
    }
    throw new ListenError(
      `Could not listen on ${hostname}, port ${port}: ${systemWords(cause)}`,
      { cause },
    );
  }
  return (server.address() as AddressInfo).port;
}

async function stop(
  server: Server,
  pending: ReadonlySet<Promise<void>>,
  graceMs: number,
): Promise<void> {
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  await finishesWithin(Promise.all(pending), graceMs);
  server.closeAllConnections();
  await ended;
}

/** A URL that works on this machine: a wildcard is no address to connect to. */
function urlOf(hostname: string, port: number): string {
  if (hostname === "0.0.0.0") return `http://127.0.0.1:${port}`;
  if (hostname === "::") return `http://[::1]:${port}`;
  return `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}
