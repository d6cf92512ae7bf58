import type { Logger } from "@logtape/logtape";
import type { Context, Env, Hono, MiddlewareHandler } from "hono";
import { HTTPException } from "hono/http-exception";
import { errorBody, type ShapeOf } from "./error_shapes.ts";
import { answerFor, type Refusal, RefusedError } from "./openai_errors.ts";
import type { RefusalCounts } from "./refusal_counts.ts";

export interface AnswerErrorsOptions {
  readonly logger: Logger;
  readonly refusals?: RefusalCounts | undefined;
  /** The shape of an error, by the request's path. @default {OpenAI's} */
  readonly shapeOf?: ShapeOf | undefined;
}

/** Answers what no route did, and what routes threw, in the shape that the path's clients read. */
export function answerErrors<E extends Env>(
  app: Hono<E>,
  { logger, refusals, shapeOf = () => "openai" }: AnswerErrorsOptions,
): void {
  const refuse = (c: Context, refusal: Refusal) => {
    const { status, headers, body } = answerFor(refusal);
    return c.json(errorBody(shapeOf(c.req.path), body.error, status), status, headers);
  };
  const answer = (c: Context, refusal: Refusal) => {
    refusals?.count(refusal.kind);
    return refuse(c, refusal);
  };
  app.notFound((c) => answer(c, { kind: "unknown-path", method: c.req.method, path: c.req.path }));
  app.onError((error, c) => {
    if (error instanceof RefusedError) return answer(c, error.refusal);
    if (error instanceof HTTPException && error.status < 500) {
      return answer(c, { kind: "bad-body", reason: error.message });
    }
    // Nobody hears it, and it is the caller who ended the request.
    if (c.req.raw.signal.aborted) return refuse(c, { kind: "internal" });
    logger.error("Could not answer {method} {path}: {error}", {
      method: c.req.method,
      path: c.req.path,
      error,
    });
    return answer(c, { kind: "internal" });
  });
}

/** Refuses what comes while the node stops. */
export function answerUntil(closing: AbortSignal | undefined): MiddlewareHandler {
  return async (_c, next) => {
    if (closing?.aborted) throw new RefusedError({ kind: "stopping" });
    await next();
  };
}
