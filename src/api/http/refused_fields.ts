import type * as z from "zod";
import { RefusedError } from "./openai_errors.ts";

/** The refusal of a body that a schema does not take, by the first field that is wrong. */
export function refusedFields(error: z.ZodError): RefusedError {
  const [issue] = error.issues;
  const param = issue?.path.join(".") || undefined;
  const reason = param === undefined
    ? `The request body is not as expected: ${issue?.message}`
    : `The field '${param}' is not as expected: ${issue?.message}`;
  return new RefusedError({ kind: "bad-body", reason, param });
}
