import type { Problem } from "./answer.ts";
import { ApiError, wordsOf } from "./api_error.ts";

const UNAUTHORIZED = 401;

/** Why an answer failed. The node's own words on a key are for programs. */
export function problemOf(error: unknown, apiKey: string | null): Problem {
  if (error instanceof ApiError && error.status === UNAUTHORIZED) {
    const message = apiKey === null
      ? "This node answers only with its API key"
      : "This node did not take the API key";
    return { message, needsKey: true };
  }
  return { message: wordsOf(error), needsKey: false };
}
