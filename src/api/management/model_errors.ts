import { ModelRefusedError } from "../base/types.ts";
import { RefusedError } from "../http/openai_errors.ts";

/** The answer to an action on a model that the node does not take. */
export function refuseModel(error: unknown): never {
  if (!(error instanceof ModelRefusedError)) throw error;
  const kind = error.why === "unknown" ? "not-found" : "conflict";
  throw new RefusedError({ kind, reason: error.message }, { cause: error });
}
