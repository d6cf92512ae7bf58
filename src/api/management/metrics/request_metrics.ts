import type { Counter, Histogram } from "prom-client";
import type { RequestRecord } from "../../base/types.ts";
import { BoundedLabels, type Measures } from "./measures.ts";

/** From a free instance to a queue that is given up. */
const WAIT_BUCKETS_S = [0.001, 0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30, 60];

/** From a cached prompt on a GPU to a long one that is read by a split. */
const FIRST_TOKEN_BUCKETS_S = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

/** From a small model on a GPU to a large one over a slow link. */
const TOKEN_BUCKETS_S = [0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1];

/** Counts requests as they end. */
export class RequestMetrics {
  readonly #models = new BoundedLabels();
  readonly #hosts = new BoundedLabels();
  readonly #requests: Counter;
  readonly #tokens: Counter;
  readonly #retries: Counter;
  readonly #continuations: Counter;
  readonly #queue: Histogram;
  readonly #firstToken: Histogram;
  readonly #token: Histogram;

  constructor(measures: Measures) {
    this.#requests = measures.counter("requests_total", "Requests that ended", [
      "model",
      "host",
      "outcome",
    ]);
    this.#tokens = measures.counter("tokens_total", "Tokens of prompts (in) and answers (out)", [
      "model",
      "direction",
    ]);
    this.#retries = measures.counter("retries_total", "Instances that were asked and failed", [
      "model",
    ]);
    this.#continuations = measures.counter(
      "continuations_total",
      "Answers that another instance was asked to continue",
      ["model"],
    );
    this.#queue = measures.histogram(
      "request_queue_seconds",
      "Time that requests waited for an instance, and there for a slot",
      WAIT_BUCKETS_S,
    );
    this.#firstToken = measures.histogram(
      "first_token_seconds",
      "From the end of a request's waiting to the first byte of its streamed answer",
      FIRST_TOKEN_BUCKETS_S,
    );
    this.#token = measures.histogram(
      "token_seconds",
      "Time of each further token of a streamed answer, as the mean of the answer",
      TOKEN_BUCKETS_S,
    );
  }

  record(request: RequestRecord): void {
    const { host, queueMs, firstByteMs, totalMs, tokensIn, tokensOut } = request;
    // The model of a request that nobody answered is any text that the caller likes, so it gets no label.
    const model = host === null ? "" : this.#models.of(request.model);
    const labels = { model, host: host === null ? "" : this.#hosts.of(host) };
    this.#requests.inc({ ...labels, outcome: outcomeOf(request.status) });
    this.#tokens.inc({ model, direction: "in" }, tokensIn ?? 0);
    this.#tokens.inc({ model, direction: "out" }, tokensOut ?? 0);
    this.#retries.inc({ model }, request.retries);
    this.#continuations.inc({ model }, request.continuations);
    this.#queue.observe({ model }, queueMs / 1_000);
    if (!request.streamed || firstByteMs === null) return;
    this.#firstToken.observe({ model }, Math.max(0, firstByteMs - queueMs) / 1_000);
    if (tokensOut === null || tokensOut < 2) return;
    this.#token.observe({ model }, (totalMs - firstByteMs) / 1_000 / (tokensOut - 1));
  }
}

function outcomeOf(status: number): string {
  if (status < 400) return "answered";
  if (status === 499) return "cancelled";
  if (status === 502) return "broken";
  if (status === 429) return "limited";
  return status < 500 ? "refused" : "failed";
}
