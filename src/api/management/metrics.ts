import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { LABEL_VALUES_MAX } from "../base/defaults.ts";
import { RefusalCounts } from "../http/refusal_counts.ts";
import type { ManagementNode, RequestRecord, RpcTraffic, Status } from "../base/types.ts";

const PREFIX = "mesh_llm_";

/** The value that stands for those of a label that came too late for a place of their own. */
const OTHER = "other";

/** From a free instance to a queue that is given up. */
const WAIT_BUCKETS_S = [0.001, 0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30, 60];

/** From a cached prompt on a GPU to a long one that is read by a split. */
const FIRST_TOKEN_BUCKETS_S = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

/** From a small model on a GPU to a large one over a slow link. */
const TOKEN_BUCKETS_S = [0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1];

/** The part of the node that the metrics are made of. */
export type MeasuredNode = Pick<ManagementNode, "status" | "counters">;

/**
 * The text that Prometheus reads at `GET /metrics`: requests are counted as they end, everything else is measured when
 * it is asked for.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #node: MeasuredNode;
  /** While Prometheus reads. */
  #status: Status | undefined;
  readonly #models = new BoundedLabels();
  readonly #hosts = new BoundedLabels();
  readonly #peers = new BoundedLabels();
  readonly #requests = this.#counter("requests_total", "Requests that ended", [
    "model",
    "host",
    "outcome",
  ]);
  readonly #tokens = this.#counter("tokens_total", "Tokens of prompts (in) and answers (out)", [
    "model",
    "direction",
  ]);
  readonly #retries = this.#counter("retries_total", "Instances that were asked in vain", [
    "model",
  ]);
  readonly #continuations = this.#counter(
    "continuations_total",
    "Answers that another instance was asked to continue",
    ["model"],
  );
  readonly #queue = this.#histogram(
    "request_queue_seconds",
    "Time that requests waited for an instance, and there for a slot",
    WAIT_BUCKETS_S,
  );
  readonly #firstToken = this.#histogram(
    "first_token_seconds",
    "From the end of a request's waiting to the first byte of its streamed answer",
    FIRST_TOKEN_BUCKETS_S,
  );
  readonly #token = this.#histogram(
    "token_seconds",
    "Time of each further token of a streamed answer, as the mean of the answer",
    TOKEN_BUCKETS_S,
  );

  constructor(node: MeasuredNode, refusals = new RefusalCounts()) {
    this.#node = node;
    this.#total(
      "refused_requests_total",
      "Requests that were refused, at both ports",
      ["reason"],
      () => refusals.list().map(([reason, count]) => [{ reason }, count]),
    );
    this.#measureNode();
    this.#measureTunnels();
    this.#measureRpc();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  async text(): Promise<string> {
    // Of a large mesh it takes some milliseconds, and a dozen metrics are made of it.
    this.#status = this.#node.status();
    try {
      return await this.#registry.metrics();
    } finally {
      this.#status = undefined;
    }
  }

  #read(read: Reading): Sample[] {
    return read(this.#status ?? this.#node.status());
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

  #measureNode(): void {
    this.#gauge("build_info", "Always 1", ["version"], ({ version }) => [[{ version }, 1]]);
    this.#gauge("peers", "Other active nodes of the mesh", ["role"], ({ peers }) => {
      const roles = ["host", "worker", "standby"] as const;
      return roles.map((role) => [{ role }, peers.filter((peer) => peer.role === role).length]);
    });
    this.#gauge(
      "clients_connected",
      "Clients and free nodes outside the gossip, connected to this node",
      [],
      ({ node }) => [
        [{}, node.clientsConnected],
      ],
    );
    this.#gauge("memory_bytes", "Memory that is offered", ["of"], ({ node, mesh }) => [
      [{ of: "node" }, node.vramBytes],
      [{ of: "mesh" }, mesh.vramBytes],
    ]);
    this.#gauge("instances", "Instances that this node knows", ["model", "state"], instancesOf);
    this.#gauge("resident_memory_bytes", "Memory of this node's own process", [], () => [
      [{}, Deno.memoryUsage().rss],
    ]);
    this.#total("engine_restarts_total", "Children started again after a crash", [], () => [
      [{}, this.#node.counters().engineRestarts],
    ]);
    this.#total("mesh_refusals_total", "Refusals to peers, by kind", ["what"], () => {
      const { refusals } = this.#node.counters();
      return Object.entries(refusals).map(([what, count]) => [{ what }, count]);
    });
  }

  #measureTunnels(): void {
    const labels = ["peer", "kind"];
    const each =
      (value: (tunnel: Status["tunnels"][number]) => number | null) => ({ tunnels }: Status) =>
        tunnels.flatMap((tunnel): Sample[] => {
          const measured = value(tunnel);
          if (measured === null) return [];
          return [[{ peer: this.#peers.of(tunnel.peer), kind: tunnel.kind }, measured]];
        });
    const roundTrips = each(({ rttMs }) => rttMs === null ? null : rttMs / 1_000);
    this.#gauge("tunnel_streams", "Open streams", labels, each(({ streams }) => streams));
    this.#gauge(
      "tunnel_rtt_seconds",
      "Round trip, in power-of-two buckets",
      labels,
      // Round trips of several peers make no sum.
      (status) => roundTrips(status).filter(([{ peer }]) => peer !== OTHER),
    );
    this.#total("tunnel_sent_bytes_total", "Bytes on streams", labels, each((t) => t.bytesSent));
    this.#total(
      "tunnel_received_bytes_total",
      "Bytes on streams",
      labels,
      each((t) => t.bytesReceived),
    );
    this.#total(
      "tunnel_weight_bytes_saved_total",
      "Weights that did not have to cross the network",
      labels,
      each((t) => t.weightBytesSaved),
    );
  }

  /** Of RPC streams; their bytes are those of their tunnel. */
  #measureRpc(): void {
    const total = (name: string, help: string, value: (rpc: RpcTraffic) => number) =>
      this.#total(
        `rpc_${name}_total`,
        help,
        ["peer"],
        ({ tunnels }) =>
          tunnels.flatMap(({ peer, rpc }): Sample[] =>
            rpc === undefined ? [] : [[{ peer: this.#peers.of(peer) }, value(rpc)]]
          ),
      );
    this.#total(
      "rpc_frames_total",
      "Requests of llama-server",
      ["peer", "command"],
      ({ tunnels }) => tunnels.flatMap((tunnel) => this.#framesOf(tunnel)),
    );
    total("graphs", "Graphs that a worker computed: one a token", (rpc) => rpc.graphs);
    total("round_trips", "Requests that waited for the other end", (rpc) => rpc.roundTrips);
    total("answered_here", "Requests that this end answered", (rpc) => rpc.answeredHere);
    total("tensor_bytes", "Weights and activations that were sent", (rpc) => rpc.tensorBytesMoved);
    total("weights_refused", "Weights that the worker turned out to lack", (rpc) => rpc.refused);
    total("stalls", "Writes that waited for more than 0.1 s", (rpc) => rpc.stalls);
    total("stalled_seconds", "Total time of those stalls", (rpc) => rpc.stalledMs / 1_000);
  }

  #framesOf({ peer, rpc }: Status["tunnels"][number]): Sample[] {
    return Object.entries(rpc?.frames ?? {}).map(([command, count]) => [
      { peer: this.#peers.of(peer), command },
      count,
    ]);
  }

  #counter(name: string, help: string, labelNames: string[]): Counter {
    return new Counter({ name: PREFIX + name, help, labelNames, registers: [this.#registry] });
  }

  #histogram(name: string, help: string, buckets: number[]): Histogram {
    const labelNames = ["model"];
    const registers = [this.#registry];
    return new Histogram({ name: PREFIX + name, help, labelNames, buckets, registers });
  }

  #gauge(name: string, help: string, labelNames: string[], read: Reading): void {
    new Gauge(this.#sampled({ name, help, labelNames }, read));
  }

  /** A total that somebody else counts. */
  #total(name: string, help: string, labelNames: string[], read: Reading): void {
    new Counter(this.#sampled({ name, help, labelNames }, read));
  }

  #sampled({ name, ...described }: Described, read: Reading) {
    const samples = () => this.#read(read);
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

interface Described {
  readonly name: string;
  readonly help: string;
  readonly labelNames: string[];
}

type Sample = [labels: Record<string, string>, value: number];
type Reading = (status: Status) => Sample[];

/** Everything that a label may say takes memory here and at Prometheus for ever. */
class BoundedLabels {
  readonly #known = new Set<string>();

  of(value: string): string {
    if (this.#known.has(value)) return value;
    if (this.#known.size >= LABEL_VALUES_MAX) return OTHER;
    this.#known.add(value);
    return value;
  }
}

function outcomeOf(status: number): string {
  if (status < 400) return "answered";
  if (status === 499) return "cancelled";
  if (status === 502) return "broken";
  if (status === 429) return "limited";
  return status < 500 ? "refused" : "failed";
}

function instancesOf({ models }: Status): Sample[] {
  return models.slice(0, LABEL_VALUES_MAX).flatMap(({ name, instances }) =>
    (["warm", "loading", "waiting", "failed"] as const).map((state): Sample => [
      { model: name, state },
      instances.filter((instance) => instance.state === state).length,
    ])
  );
}
