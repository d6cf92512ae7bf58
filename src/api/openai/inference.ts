import type { Context, Handler } from "hono";
import type { Asking } from "../answer/answer.ts";
import { AskedHosts } from "../routing/asked_hosts.ts";
import { BodyBudget } from "../http/body_budget.ts";
import { BODIES_COMING_BYTES } from "../base/defaults.ts";
import {
  CALLER_GONE,
  type Exchange,
  respond,
  respondAhead,
  type RespondOptions,
} from "./exchange.ts";
import { followAbort } from "../../base/follow_abort.ts";
import { sayKeepAlive } from "../../base/keep_alive.ts";
import type { ApiEnv } from "../keys/api_env.ts";
import { InstanceSearch } from "../routing/instances.ts";
import { LastingAnswer } from "../answer/lasting_answer.ts";
import { bodyOf } from "../http/node_request.ts";
import { answerFor, RefusedError } from "../http/openai_errors.ts";
import { readInference } from "./read_inference.ts";
import { Recorder } from "./recorder.ts";
import { headersToAsk } from "../http/relay_headers.ts";
import { MOST_BYTES_A_TOKEN } from "../base/defaults.ts";
import { sayWantedContext } from "../../base/wanted_context.ts";
import type { Routing } from "../routing/routing.ts";
import { Suspects } from "../answer/suspects.ts";
import type { ForwardRequest, GatewayNode } from "../base/types.ts";

export interface InferenceOptions extends RespondOptions {
  /** Records what was asked too. */
  readonly recordPrompts: boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** How long a request waits for an instance. */
  readonly holdMs: number;
  /** How long a stream waits for its first byte without a sign of life. */
  readonly signOfLifeMs: number;
}

/** Answers a request by an instance of the model that its body names. */
export function inferenceHandler(
  nodeFor: (c: Context<ApiEnv>) => GatewayNode,
  options: InferenceOptions,
): Handler<ApiEnv> {
  const hosts = new AskedHosts(() => performance.now());
  const budget = new BodyBudget(BODIES_COMING_BYTES);
  const suspects = new Suspects(() => performance.now(), options.holdMs);
  return async (c) => {
    const node = nodeFor(c);
    const id = c.get("requestId");
    const caller = c.req.raw.signal;
    const gone = new AbortController();
    followAbort(caller, gone);
    node.begin();
    const exchange: Exchange = {
      id,
      path: c.req.path,
      caller,
      gone,
      budget,
      recorder: new Recorder({
        id,
        path: c.env?.askedPath ?? c.req.path,
        prompts: options.recordPrompts,
        now: options.now,
        record: (request) => node.record(request),
      }),
    };
    try {
      return await exchangeOne({ node, hosts, suspects }, c, exchange, options);
    } catch (error) {
      exchange.recorder.end(exchange.caller.aborted ? CALLER_GONE : statusOf(error));
      throw error;
    }
  };
}

async function exchangeOne(
  asking: Asking,
  c: Context<ApiEnv>,
  exchange: Exchange,
  options: InferenceOptions,
): Promise<Response> {
  const { logger, holdMs, signOfLifeMs } = options;
  const { node, hosts } = asking;
  const { recorder } = exchange;
  const { routing, request } = await readRequest(c, exchange);
  recorder.model = routing.model ?? "";
  await asking.suspects.check(request);
  const { requestId, signal } = request;
  // One that may have so many tokens has more than one fewer.
  const wantedBytes = ((c.env?.wantedContext ?? 1) - 1) * MOST_BYTES_A_TOKEN;
  const bodyBytes = Math.max(request.body?.length ?? 0, wantedBytes);
  const search = new InstanceSearch({
    node,
    hosts,
    routing,
    requestId,
    bodyBytes,
    signal,
    logger,
    holdMs,
  });
  const answer = new LastingAnswer({
    asking,
    search,
    request,
    streamed: routing.streamed,
    asks: () => recorder.asking(),
    waited: (ms) => recorder.waited(ms),
    continues: (instance) => {
      recorder.continuedBy.push(instance.host);
      logger.info("{host} goes on for {model}", { ...instance });
    },
  });
  const opening = answer.open().then(() => {
    recorder.model = answer.instance.id;
    recorder.host = answer.instance.host;
  });
  // Its failure is met where it is waited for below.
  opening.catch(() => {});
  const patienceMs = routing.streamed ? signOfLifeMs : Infinity;
  const sign = await firstSign(answer, opening, patienceMs);
  return sign === "answer"
    ? respond(answer, exchange, options)
    : respondAhead(answer, opening, exchange, { ...options, isHeaded: sign === "head" });
}

/** The first answer for the caller; nothing if it takes so long that the caller needs a sign of life. */
async function firstSign(
  answer: LastingAnswer,
  opening: Promise<void>,
  patienceMs: number,
): Promise<"answer" | "head" | "nothing"> {
  const { promise, resolve } = Promise.withResolvers<"nothing">();
  const timer = patienceMs === Infinity
    ? undefined
    : setTimeout(() => resolve("nothing"), patienceMs);
  try {
    return await Promise.race([
      opening.then(() => "answer" as const),
      answer.headed.then(() => "head" as const),
      promise,
    ]);
  } finally {
    clearTimeout(timer);
  }
}

async function readRequest(
  c: Context<ApiEnv>,
  { id, gone, recorder, budget }: Exchange,
): Promise<{ routing: Routing; request: ForwardRequest }> {
  const { pathname, search } = new URL(c.req.url);
  // Routes match the path as it was sent, and `/v1/../slots` must not become another one further on.
  if (pathname !== c.req.path) {
    throw new RefusedError({ kind: "unknown-path", method: c.req.method, path: c.req.path });
  }
  const { routing, body } = await readInference({
    path: pathname,
    headers: c.req.raw.headers,
    body: bodyOf(c.req.raw),
  }, {
    budget,
    received: (whole) => recorder.received(whole),
  });
  const headers = headersToAsk(c.req.raw.headers);
  const keepAlive = c.env?.keepAlive;
  if (keepAlive !== undefined) sayKeepAlive(headers, keepAlive);
  const wantedContext = c.env?.wantedContext;
  if (wantedContext !== undefined) sayWantedContext(headers, wantedContext);
  const request: ForwardRequest = {
    requestId: id,
    asked: routing.model,
    method: c.req.method,
    path: pathname + search,
    headers,
    body,
    signal: gone.signal,
    caller: callerOf(c),
    connected: () => recorder.connected(),
  };
  return { routing, request };
}

function callerOf(c: Context<ApiEnv>): string {
  const key = c.get("key");
  // An address has a colon or is empty, and a key's name may look like one.
  return key === undefined ? c.env?.connection?.remoteAddress ?? "" : `key ${key.name}`;
}

function statusOf(error: unknown): number {
  return error instanceof RefusedError ? answerFor(error.refusal).status : 500;
}
