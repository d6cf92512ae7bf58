import {
  answerFor,
  BODIES_COMING_BYTES,
  BodyBudget,
  headersToAsk,
  readInference,
  RefusedError,
} from "../../api/mod.ts";
import type { InferenceRequest } from "../../tunnel/mod.ts";

/**
 * Holds what peers ask to the bounds that a gateway holds its callers to: a peer need not have gone through one, and
 * what would end the llama-server here is for this node to see.
 */
export class PeerRequests {
  readonly #budget = new BodyBudget(BODIES_COMING_BYTES);

  /** The request as llama-server may be asked, its body whole; or why not. @throws what breaks the body off. */
  async check(request: InferenceRequest): Promise<InferenceRequest | Response> {
    const headers = headersToAsk(request.headers);
    if (request.method === "GET" || request.method === "HEAD") {
      return { ...request, headers, body: null };
    }
    try {
      const { body } = await readInference({ ...request, headers }, { budget: this.#budget });
      return { ...request, headers, body };
    } catch (error) {
      request.signal.throwIfAborted();
      if (!(error instanceof RefusedError)) throw error;
      const { status, body } = answerFor(error.refusal);
      return Response.json(body, { status });
    }
  }
}
