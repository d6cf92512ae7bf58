import { RefusalCounts } from "../../http/refusal_counts.ts";
import type { RequestRecord } from "../../base/types.ts";
import { Measures } from "./measures.ts";
import { type MeasuredNode, measureNode } from "./node_metrics.ts";
import { RequestMetrics } from "./request_metrics.ts";
import { measureTunnels } from "./tunnel_metrics.ts";

/**
 * The text that Prometheus reads at `GET /metrics`: requests are counted as they end, everything else is measured when
 * it is asked for.
 */
export class Metrics {
  readonly #measures: Measures;
  readonly #requests: RequestMetrics;

  constructor(node: MeasuredNode, refusals = new RefusalCounts()) {
    const measures = new Measures(() => node.status());
    this.#measures = measures;
    this.#requests = new RequestMetrics(measures);
    measures.total(
      "refused_requests_total",
      "Requests that were refused, at both ports",
      ["reason"],
      () => refusals.list().map(([reason, count]) => [{ reason }, count]),
    );
    measureNode(measures, node);
    measureTunnels(measures);
  }

  get contentType(): string {
    return this.#measures.contentType;
  }

  text(): Promise<string> {
    return this.#measures.text();
  }

  record(request: RequestRecord): void {
    this.#requests.record(request);
  }
}
