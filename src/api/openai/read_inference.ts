import { withoutAttributionLine } from "./attribution_line.ts";
import type { BodyBudget } from "../http/body_budget.ts";
import { BODY_LIMIT_BYTES } from "../base/defaults.ts";
import type { Body } from "../http/incoming_body.ts";
import { RefusedError } from "../http/openai_errors.ts";
import { readBody } from "../http/read_body.ts";
import { type Routing, routingReader } from "../routing/routing.ts";

export interface ReadInferenceOptions {
  /** The memory that all bodies together may take while they arrive in pieces. */
  readonly budget: BodyBudget;
  /** Called when the body is whole. */
  readonly received?: (body: Uint8Array) => void;
}

/**
 * Reads what a llama-server is asked, and holds it to all bounds: the same for callers of the API and for peers.
 * @throws {RefusedError}
 */
export async function readInference(
  { path, headers, body }: {
    /** As llama-server is asked. */
    readonly path: string;
    readonly headers: Headers;
    readonly body: Uint8Array | Body;
  },
  { budget, received }: ReadInferenceOptions,
): Promise<{ readonly routing: Routing; readonly body: Uint8Array }> {
  const readRouting = routingReader(headers.get("content-type"));
  const limitBytes = BODY_LIMIT_BYTES;
  const whole = body instanceof Uint8Array
    ? body
    : await readBody({ headers, body }, { limitBytes, budget });
  if (whole.length > limitBytes) throw new RefusedError({ kind: "body-too-large", limitBytes });
  received?.(whole);
  const routing = await readRouting(whole);
  return { routing, body: withoutAttributionLine(path, whole) };
}
