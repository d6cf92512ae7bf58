/** The bodies of requests to the management API: JSON, small, and of a known form. */

import type { MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { validator } from "hono/validator";
import type * as z from "zod";
import { MANAGEMENT_BODY_LIMIT_BYTES } from "../base/defaults.ts";
import { wholeRequest } from "../http/node_request.ts";
import { RefusedError } from "../http/openai_errors.ts";
import { refusedFields } from "../http/refused_fields.ts";
import { isJson } from "../routing/routing.ts";

export function limitBody(): MiddlewareHandler {
  const limitBytes = MANAGEMENT_BODY_LIMIT_BYTES;
  const limit = bodyLimit({
    maxSize: limitBytes,
    onError: () => {
      throw new RefusedError({ kind: "body-too-large", limitBytes });
    },
  });
  return (c, next) => {
    c.req.raw = wholeRequest(c.req.raw);
    return limit(c, next);
  };
}

/** The content type is required: a foreign page can send any other body without asking first. */
export function jsonBody<Schema extends z.ZodType>(schema: Schema) {
  return validator("json", (value: unknown, c): z.output<Schema> => {
    const contentType = c.req.header("content-type") ?? null;
    if (!isJson(contentType)) throw new RefusedError({ kind: "content-type", found: contentType });
    const result = schema.safeParse(value);
    if (!result.success) throw refusedFields(result.error);
    return result.data;
  });
}
