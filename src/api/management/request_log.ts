import { REQUESTS_KEPT } from "../base/defaults.ts";
import type { RequestRecord } from "../base/types.ts";

/** The last requests that ended. */
export class RequestLog {
  readonly #requests: RequestRecord[] = [];

  add(request: RequestRecord): void {
    this.#requests.push(request);
    if (this.#requests.length > REQUESTS_KEPT) this.#requests.shift();
  }

  /** The newest first. */
  list(): RequestRecord[] {
    return this.#requests.toReversed();
  }
}
