import type * as z from "zod";
import { BODY_LIMIT_BYTES } from "../base/defaults.ts";
import type { BodyBudget } from "../http/body_budget.ts";
import { bodyOf } from "../http/node_request.ts";
import { RefusedError } from "../http/openai_errors.ts";
import { readBody } from "../http/read_body.ts";
import { refusedFields } from "../http/refused_fields.ts";
import { isJson, parseObject } from "../routing/routing.ts";

/** Reads a request of Ollama's API. @throws {RefusedError} naming the field that is wrong. */
export async function readFields<Schema extends z.ZodType>(
  request: Request,
  schema: Schema,
  budget: BodyBudget,
): Promise<z.output<Schema>> {
  const { headers } = request;
  const contentType = headers.get("content-type");
  // Ollama's own examples are `curl -d`, which says that it sends a form. A page must say JSON, for which its browser
  // asks first.
  if (!isJson(contentType) && isOfPage(headers)) {
    throw new RefusedError({ kind: "content-type", found: contentType });
  }
  const bytes = await readBody({ headers, body: bodyOf(request) }, {
    limitBytes: BODY_LIMIT_BYTES,
    budget,
  });
  const { data, error } = schema.safeParse(parseObject(bytes));
  if (error !== undefined) throw refusedFields(error);
  return data as z.output<Schema>;
}

function isOfPage(headers: Headers): boolean {
  return headers.has("origin") || (headers.get("sec-fetch-site") ?? "none") !== "none";
}

/** @throws {RefusedError} where no model is named. */
export function namedModel(
  { model, name = "" }: { readonly model?: string | undefined; readonly name?: string | undefined },
): string {
  const named = model || name;
  if (named !== "") return named;
  throw new RefusedError({ kind: "bad-body", reason: "model is required", param: "model" });
}
