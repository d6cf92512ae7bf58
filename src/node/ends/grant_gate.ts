import { answerFor, rateLimitHeaders, RateLimits, TokenCounter } from "../../api/mod.ts";
import { isNamed } from "../../base/model_ids.ts";
import type { ModelRef } from "../../mesh/mod.ts";
import type { Grant, GrantAdmission, GrantGate } from "../../tunnel/mod.ts";

/**
 * Holds what peers ask to the grants of their callers' keys. It guards against a node whose key file is
 * old or whose checks fail, not against a peer that lies: every node of the mesh may use its models.
 */
export class KeyGrants implements GrantGate {
  readonly #limits = new RateLimits();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  admit(grant: Grant, model: ModelRef): GrantAdmission {
    if (grant.models !== null && !grant.models.some((allowed) => isNamed(allowed, model))) {
      const reason = `The key ${grant.key} may not use the model '${model.name}'`;
      return { refused: answer({ kind: "not-allowed", reason }) };
    }
    const limits = { ...grant, name: grant.key };
    const admission = this.#limits.admit(limits, this.#now());
    if (admission.refused !== null) {
      const { of, perMinute } = admission.refused;
      const headers = rateLimitHeaders(admission);
      const retryAfterS = Number(headers["retry-after"]);
      return { refused: answer({ kind: "rate-limit", of, perMinute, retryAfterS }, headers) };
    }
    const tokens = new TokenCounter();
    return {
      refused: null,
      passed: (bytes) => tokens.add(bytes),
      ended: () => {
        const used = (tokens.tokensIn() ?? 0) + (tokens.tokensOut() ?? 0);
        this.#limits.charge(limits, used, this.#now());
      },
    };
  }
}

function answer(refusal: Parameters<typeof answerFor>[0], headers?: HeadersInit): Response {
  const { status, body } = answerFor(refusal);
  return Response.json(body, { status, ...(headers === undefined ? {} : { headers }) });
}
