import { isEventStream } from "../../base/event_stream.ts";
import type { Logger } from "@logtape/logtape";
import type { BodyBudget } from "../http/body_budget.ts";
import { type CallerEvents, callerStream, signOfLife } from "../events/caller_stream.ts";
import { asErrorEvent, errorEvent } from "../events/error_event.ts";
import { EventsAhead } from "../answer/events_ahead.ts";
import type { LastingAnswer } from "../answer/lasting_answer.ts";
import { RefusedError } from "../http/openai_errors.ts";
import type { Recorder } from "./recorder.ts";
import type { RefusalCounts } from "../http/refusal_counts.ts";
import { copyHeadersToAnswer } from "../http/relay_headers.ts";

/** The status that web servers log for a caller that went away before its answer. */
export const CALLER_GONE = 499;

/** The caller has seen the status of the answer; the record tells that the rest never came. */
const BROKEN_OFF = 502;

const HEAD_OF_EVENTS = { "content-type": "text/event-stream", "cache-control": "no-cache" };

/** One request and its answer. */
export interface Exchange {
  readonly id: string;
  readonly path: string;
  /** Aborts when the caller's connection is lost. */
  readonly caller: AbortSignal;
  /** Aborted when the caller's connection is lost, or nobody reads the answer any more: what the request ends with. */
  readonly gone: AbortController;
  /** Shared with all others. */
  readonly budget: BodyBudget;
  readonly recorder: Recorder;
}

export interface RespondOptions {
  readonly logger: Logger;
  /** Counts what is refused when the head of its answer has been sent. */
  readonly refusals?: RefusalCounts | undefined;
}

/** Passes on what an instance answers. */
export function respond(
  answer: LastingAnswer,
  exchange: Exchange,
  options: RespondOptions,
): Response {
  const { response } = answer;
  const { status } = response;
  const events = callerEvents(answer, exchange, options);
  if (response.body === null) {
    events.completed();
    return headed(new Response(null, { status }), answer, exchange);
  }
  const isEvents = isEventStream(response);
  const stream = callerStream(answer.pieces(), events, { isEvents });
  return headed(new Response(stream, { status }), answer, exchange);
}

/**
 * Sends the head of a stream ahead of its first event: the instance's own head, or, before there is one, a head with a
 * sign of life. An error in place of the answer is an event as well.
 */
export function respondAhead(
  answer: LastingAnswer,
  opening: Promise<void>,
  exchange: Exchange,
  { isHeaded, ...options }: RespondOptions & { readonly isHeaded: boolean },
): Response {
  const sign = () => signOfLife(answer.waitsFor);
  const pieces = new EventsAhead(async () => {
    await opening;
    return isEventStream(answer.response) ? answer.pieces() : instead(answer, exchange.path);
  }, isHeaded ? null : sign());
  const events = callerEvents(answer, exchange, options);
  const stream = callerStream(pieces, events, { isEvents: true, sign });
  return isHeaded
    ? headed(new Response(stream), answer, exchange)
    : new Response(stream, { headers: HEAD_OF_EVENTS });
}

async function* instead(answer: LastingAnswer, path: string): AsyncGenerator<Uint8Array> {
  yield await asErrorEvent(path, answer.pieces(), answer.response.status);
}

/** Sets the headers where they stay: made first, and then copied, they cost as much as all the rest of an answer. */
function headed(
  sent: Response,
  { response, instance }: LastingAnswer,
  { id }: Exchange,
): Response {
  copyHeadersToAnswer(response.headers, sent.headers);
  sent.headers.set("x-mesh-host", instance.host);
  sent.headers.set("x-request-id", id);
  return sent;
}

function callerEvents(
  answer: LastingAnswer,
  exchange: Exchange,
  { logger, refusals }: RespondOptions,
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
