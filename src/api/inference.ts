import type { Logger } from "@logtape/logtape";
import type { Context, Handler } from "hono";
import type { Asking } from "./answer.ts";
import { Loads } from "./balance.ts";
import { type CallerEvents, callerStream, SIGN_OF_LIFE } from "./caller_stream.ts";
import { BodyBudget } from "./body_budget.ts";
import { BODIES_COMING_BYTES, BODY_LIMIT_BYTES } from "./defaults.ts";
import { asErrorEvent, errorEvent } from "./error_event.ts";
import { isEventStream } from "./event_reader.ts";
import type { ApiEnv } from "./guards.ts";
import { InstanceSearch } from "./instances.ts";
import { LastingAnswer } from "./lasting_answer.ts";
import { answerFor, RefusedError } from "./openai_errors.ts";
import { readBody } from "./read_body.ts";
import { Recorder } from "./recorder.ts";
import type { RefusalCounts } from "./refusal_counts.ts";
import { headersToAnswer, headersToAsk } from "./relay_headers.ts";
import { type Routing, routingReader } from "./routing.ts";
import { Silence } from "./silence.ts";
import type { ForwardRequest, GatewayNode } from "./types.ts";

/** What logs of web servers say of a caller that went away before its answer. */
const CALLER_GONE = 499;

/** The caller has seen the status of the answer; the record tells that the rest never came. */
const BROKEN_OFF = 502;

export interface InferenceOptions {
  readonly logger: Logger;
  /** Records what was asked too. */
  readonly recordPrompts: boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** How long a request waits for an instance. */
  readonly holdMs: number;
  /** How long a stream waits for its first byte without a sign of life. */
  readonly signOfLifeMs: number;
  /** Counts what is refused when the head of its answer has been sent. */
  readonly refusals?: RefusalCounts | undefined;
}

/** Answers a request by an instance of the model that its body names. */
export function inferenceHandler(
  nodeFor: (c: Context<ApiEnv>) => GatewayNode,
  options: InferenceOptions,
): Handler<ApiEnv> {
  const loads = new Loads(() => performance.now());
  const budget = new BodyBudget(BODIES_COMING_BYTES);
  const silence = new Silence(() => performance.now());
  return async (c) => {
    const node = nodeFor(c);
    const exchange: Exchange = {
      path: c.req.path,
      caller: c.req.raw.signal,
      gone: new AbortController(),
      budget,
      recorder: new Recorder({
        id: c.get("requestId"),
        path: c.req.path,
        prompts: options.recordPrompts,
        now: options.now,
        record: (request) => node.record(request),
      }),
    };
    try {
      return await exchangeOne({ node, loads, silence }, c, exchange, options);
    } catch (error) {
      exchange.recorder.end(exchange.caller.aborted ? CALLER_GONE : statusOf(error));
      throw error;
    }
  };
}

/** One request and its answer. */
interface Exchange {
  readonly path: string;
  /** Aborts when the caller's connection is lost. */
  readonly caller: AbortSignal;
  /** Aborted when the caller no longer reads. */
  readonly gone: AbortController;
  /** Shared with all others. */
  readonly budget: BodyBudget;
  readonly recorder: Recorder;
}

async function exchangeOne(
  asking: Asking,
  c: Context<ApiEnv>,
  exchange: Exchange,
  options: InferenceOptions,
): Promise<Response> {
  const { logger, holdMs, signOfLifeMs } = options;
  const { node, loads } = asking;
  const { caller, gone, recorder } = exchange;
  const signal = AbortSignal.any([caller, gone.signal]);
  const { routing, request } = await readRequest(c, signal, exchange);
  recorder.model = routing.model ?? "";
  const { requestId } = request;
  const search = new InstanceSearch({ node, loads, routing, requestId, signal, logger, holdMs });
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
    recorder.model = answer.instance.model;
    recorder.host = answer.instance.host;
  });
  const patienceMs = routing.streamed ? signOfLifeMs : Infinity;
  if (await isSoon(opening, patienceMs)) return respond(answer, exchange, options);
  return respondLate(answer, opening, exchange, options);
}

/** False for a caller of events whose answer takes so long that it needs a sign of life. */
async function isSoon(opening: Promise<void>, patienceMs: number): Promise<boolean> {
  if (patienceMs === Infinity) return await opening.then(() => true);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), patienceMs);
  try {
    return await Promise.race([opening.then(() => true), promise]);
  } finally {
    clearTimeout(timer);
  }
}

function respond(
  answer: LastingAnswer,
  exchange: Exchange,
  options: InferenceOptions,
): Response {
  const { response, instance } = answer;
  const headers = headersToAnswer(response.headers);
  headers.set("x-mesh-host", instance.host);
  const { status } = response;
  const events = callerEvents(answer, exchange, options);
  if (response.body === null) {
    events.completed();
    return new Response(null, { status, headers });
  }
  const isEvents = isEventStream(response);
  return new Response(callerStream(answer.pieces(), events, { isEvents }), { status, headers });
}

/** The head has to be sent before anybody answers: what comes instead of an answer is an event as well. */
function respondLate(
  answer: LastingAnswer,
  opening: Promise<void>,
  exchange: Exchange,
  options: InferenceOptions,
): Response {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    yield SIGN_OF_LIFE;
    await opening;
    if (isEventStream(answer.response)) yield* answer.pieces();
    else yield await asErrorEvent(exchange.path, answer.pieces());
  }
  // Its failure is met by whoever reads the pieces, or by nobody.
  opening.catch(() => {});
  const stream = callerStream(pieces(), callerEvents(answer, exchange, options), {
    isEvents: true,
  });
  const headers = { "content-type": "text/event-stream", "cache-control": "no-cache" };
  return new Response(stream, { headers });
}

function callerEvents(
  answer: LastingAnswer,
  exchange: Exchange,
  { logger, refusals }: InferenceOptions,
): CallerEvents {
  const { caller, gone, recorder, path } = exchange;
  return {
    passed: (chunk) => recorder.passed(chunk),
    completed: () => {
      answer.end();
      recorder.end(answer.response.status);
    },
    broke: (error) => {
      answer.end();
      recorder.end(caller.aborted ? CALLER_GONE : BROKEN_OFF);
      if (caller.aborted) return null;
      logger.warn("The answer for {model} broke off: {error}", { model: recorder.model, error });
      if (!(error instanceof RefusedError)) return null;
      refusals?.count(error.refusal.kind);
      return errorEvent(path, error.refusal);
    },
    cancelled: () => {
      gone.abort();
      answer.end();
      recorder.end(CALLER_GONE);
    },
  };
}

async function readRequest(
  c: Context<ApiEnv>,
  signal: AbortSignal,
  { recorder, budget }: Exchange,
): Promise<{ routing: Routing; request: ForwardRequest }> {
  const { pathname, search } = new URL(c.req.url);
  // Routes match the path as it was sent, and `/v1/../slots` must not become another one further on.
  if (pathname !== c.req.path) {
    throw new RefusedError({ kind: "unknown-path", method: c.req.method, path: c.req.path });
  }
  const readRouting = routingReader(c.req.header("content-type") ?? null);
  const body = await readBody(c.req.raw, { limitBytes: BODY_LIMIT_BYTES, budget });
  recorder.received(body);
  const routing = await readRouting(body);
  const request: ForwardRequest = {
    requestId: c.get("requestId"),
    asked: routing.model,
    method: c.req.method,
    path: pathname + search,
    headers: headersToAsk(c.req.raw.headers),
    body,
    signal,
    connected: () => recorder.connected(),
  };
  return { routing, request };
}

function statusOf(error: unknown): number {
  return error instanceof RefusedError ? answerFor(error.refusal).status : 500;
}
