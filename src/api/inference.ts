import type { Logger } from "@logtape/logtape";
import type { Context, Handler } from "hono";
import { type OpenAnswer, openAnswer, relay, type RelayEvents } from "./answer.ts";
import { BODY_LIMIT_BYTES } from "./defaults.ts";
import type { ApiEnv } from "./guards.ts";
import { instancesFor, nobodyAnswers } from "./instances.ts";
import { answerFor, RefusedError } from "./openai_errors.ts";
import { readBody } from "./read_body.ts";
import { Recorder } from "./recorder.ts";
import { headersToAnswer, headersToAsk } from "./relay_headers.ts";
import { type Routing, routingReader } from "./routing.ts";
import { InstanceUnavailableError } from "./types.ts";
import type { ForwardRequest, GatewayInstance, GatewayNode } from "./types.ts";

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
}

/** Answers a request by an instance of the model that its body names. */
export function inferenceHandler(
  nodeFor: (c: Context<ApiEnv>) => GatewayNode,
  options: InferenceOptions,
): Handler<ApiEnv> {
  return async (c) => {
    const node = nodeFor(c);
    const exchange: Exchange = {
      caller: c.req.raw.signal,
      gone: new AbortController(),
      recorder: new Recorder({
        id: c.get("requestId"),
        path: c.req.path,
        prompts: options.recordPrompts,
        now: options.now,
        record: (request) => node.record(request),
      }),
    };
    try {
      return await exchangeOne(node, c, exchange, options.logger);
    } catch (error) {
      exchange.recorder.end(exchange.caller.aborted ? CALLER_GONE : statusOf(error));
      throw error;
    }
  };
}

/** One request and its answer. */
interface Exchange {
  /** Aborts when the caller's connection is lost. */
  readonly caller: AbortSignal;
  /** Aborted when the caller no longer reads. */
  readonly gone: AbortController;
  readonly recorder: Recorder;
}

async function exchangeOne(
  node: GatewayNode,
  c: Context<ApiEnv>,
  { caller, gone, recorder }: Exchange,
  logger: Logger,
): Promise<Response> {
  const signal = AbortSignal.any([caller, gone.signal]);
  const { routing, request } = await readRequest(c, signal, recorder);
  recorder.model = routing.model ?? "";
  const answer = await askInTurn(node, routing, request, { recorder, logger });
  recorder.model = answer.instance.model;
  recorder.host = answer.instance.host;
  return respond(answer, {
    passed: (chunk) => recorder.passed(chunk),
    completed: () => recorder.end(answer.response.status),
    broke: (error) => {
      recorder.end(caller.aborted ? CALLER_GONE : BROKEN_OFF);
      if (!caller.aborted) logBreak(logger, answer.instance, error);
    },
    cancelled: () => {
      gone.abort();
      recorder.end(CALLER_GONE);
    },
  });
}

async function readRequest(
  c: Context<ApiEnv>,
  signal: AbortSignal,
  recorder: Recorder,
): Promise<{ routing: Routing; request: ForwardRequest }> {
  const { pathname, search } = new URL(c.req.url);
  // Routes match the path as it was sent, and `/v1/../slots` must not become another one further on.
  if (pathname !== c.req.path) {
    throw new RefusedError({ kind: "unknown-path", method: c.req.method, path: c.req.path });
  }
  const readRouting = routingReader(c.req.header("content-type") ?? null);
  const body = await readBody(c.req.raw, BODY_LIMIT_BYTES);
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

/** Asks one instance after the other until one answers. The caller sees nothing of those that do not. */
async function askInTurn(
  node: GatewayNode,
  routing: Routing,
  request: ForwardRequest,
  { recorder, logger }: { readonly recorder: Recorder; readonly logger: Logger },
): Promise<OpenAnswer> {
  let failed: GatewayInstance | undefined;
  for await (const instance of instancesFor(node, routing, request, logger)) {
    recorder.asking();
    try {
      return await openAnswer(node, instance, request);
    } catch (error) {
      if (!(error instanceof InstanceUnavailableError)) throw error;
      failed = instance;
      logger.warn("{host} does not answer for {model}: {error}", { ...instance, error });
    }
  }
  throw nobodyAnswers(node, routing.model, failed);
}

function respond({ instance, response, body }: OpenAnswer, events: RelayEvents): Response {
  const headers = headersToAnswer(response.headers);
  headers.set("x-mesh-host", instance.host);
  const { status } = response;
  if (body !== null) return new Response(relay(body, events), { status, headers });
  events.completed();
  return new Response(null, { status, headers });
}

function logBreak(logger: Logger, instance: GatewayInstance, error: unknown): void {
  logger.warn("The answer of {host} for {model} broke off: {error}", { ...instance, error });
}

function statusOf(error: unknown): number {
  return error instanceof RefusedError ? answerFor(error.refusal).status : 500;
}
