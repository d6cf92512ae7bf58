import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { LABEL_VALUES_MAX } from "../../base/defaults.ts";
import type { Status } from "../../base/types.ts";

const PREFIX = "mesh_llm_";

/** The value that stands for those of a label that came too late for a place of their own. */
export const OTHER = "other";

export type Sample = [labels: Record<string, string>, value: number];
export type Reading = (status: Status) => Sample[];

interface Described {
  readonly name: string;
  readonly help: string;
  readonly labelNames: string[];
}

/** The text for Prometheus: counts that grow here, and readings that are taken when it asks. */
export class Measures {
  readonly #registry = new Registry();
  readonly #measure: () => Status;
  /** While Prometheus reads. */
  #status: Status | undefined;

  constructor(status: () => Status) {
    this.#measure = status;
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  async text(): Promise<string> {
    // Of a large mesh it takes some milliseconds, and a dozen metrics are made of it.
    this.#status = this.#measure();
    try {
      return await this.#registry.metrics();
    } finally {
      this.#status = undefined;
    }
  }

  counter(name: string, help: string, labelNames: string[]): Counter {
    return new Counter({ name: PREFIX + name, help, labelNames, registers: [this.#registry] });
  }

  /** By model. */
  histogram(name: string, help: string, buckets: number[]): Histogram {
    const labelNames = ["model"];
    const registers = [this.#registry];
    return new Histogram({ name: PREFIX + name, help, labelNames, buckets, registers });
  }

  gauge(name: string, help: string, labelNames: string[], read: Reading): void {
    new Gauge(this.#sampled({ name, help, labelNames }, read));
  }

  /** A total that somebody else counts. */
  total(name: string, help: string, labelNames: string[], read: Reading): void {
    new Counter(this.#sampled({ name, help, labelNames }, read));
  }

  #sampled({ name, ...described }: Described, read: Reading) {
    const samples = () => read(this.#status ?? this.#measure());
    return {
      ...described,
      name: PREFIX + name,
      registers: [this.#registry],
      collect(this: Gauge | Counter) {
        this.reset();
        for (const [labels, value] of samples()) this.inc(labels, value);
      },
    };
  }
}

/** Everything that a label may say takes memory here and at Prometheus for ever. */
export class BoundedLabels {
  readonly #known = new Set<string>();

  of(value: string): string {
    if (this.#known.has(value)) return value;
    if (this.#known.size >= LABEL_VALUES_MAX) return OTHER;
    this.#known.add(value);
    return value;
  }
}
