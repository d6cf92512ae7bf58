import { displayText } from "./format.ts";

/** The node answered with an error, or not at all. The message is for people. */
export class ApiError extends Error {
  override name = "ApiError";

  /** @param status of the answer; `null` where there was none. */
  constructor(message: string, readonly status: number | null, options?: ErrorOptions) {
    super(displayText(message), options);
  }
}
