import assert from "node:assert/strict";
import { Metrics } from "../../../src/api/management/metrics/metrics.ts";
import type { Status } from "../../../src/api/mod.ts";
import dashboard from "../../../docs/grafana.json" with { type: "json" };
import { RefusalCounts } from "../../../src/api/http/refusal_counts.ts";
import { requestRecord } from "../fake_node.ts";

const TUNNEL: Status["tunnels"][number] = {
  peer: "b",
  kind: "rpc",
  streams: 2,
  bytesSent: 10,
  bytesReceived: 20,
  weightBytesSaved: 30,
  rttMs: 4,
  rpc: {
    plain: null,
    frames: { hello: 1, get_tensor: 8, graph_compute: 4 },
    tensorBytesMoved: 40,
    refused: 5,
    roundTrips: 9,
    graphs: 4,
    roundTripsPerToken: 2,
    answeredHere: 6,
    stalls: 3,
    stalledMs: 1_500,
  },
};

function statusWith(more: Partial<Status> = {}): Status {
  const part = { host: "a", mode: "solo", state: "warm", pinned: true };
  const instance = { host: "a", mode: "solo", state: "warm", term: 1, hostShare: 1, workers: [] };
  return {
    version: "1.2.3",
    node: {
      vramBytes: 5,
      clientsConnected: 6,
      devices: [
        { name: "CUDA0", kind: "discrete", totalBytes: 8, offeredBytes: 7, usedBytes: 6 },
        { name: "old", kind: null, totalBytes: 3, offeredBytes: 2, usedBytes: 1 },
      ],
      serving: [
        { ...part, model: "guide", role: "host", reservedBytes: { CUDA0: 4, old: 1 } },
        { ...part, model: "m0", role: "worker", state: "loading", reservedBytes: { CUDA0: 2 } },
        { ...part, model: "m0", role: "worker", state: "loading", reservedBytes: {} },
      ],
    },
    mesh: { vramBytes: 7 },
    peers: [{ role: "worker" }],
    models: [{ id: "guide", name: "guide", instances: [instance, instance] }],
    tunnels: [TUNNEL],
    ...more,
  } as unknown as Status;
}

function setUp(status = statusWith(), refusals = new RefusalCounts()) {
  return new Metrics({
    status: () => status,
    counters: () => ({ engineRestarts: new Map([["guide", 3]]), refusals: { joinsRefused: 2 } }),
  }, refusals);
}

/** The value of one line of the text. */
async function valueOf(metrics: Metrics, line: string): Promise<number> {
  const lines = (await metrics.text()).split("\n");
  const found = lines.filter((text) => text.startsWith(`mesh_llm_${line} `));
  assert.equal(found.length, 1, `${line} in\n${lines.join("\n")}`);
  return Number(found[0]!.split(" ").at(-1));
}

Deno.test("Metrics count the instances of two models of one name apart", async () => {
  const models = ["twin@aaaaaaaa", "twin@bbbbbbbb"].map((id, index) => ({
    id,
    name: "twin",
    instances: Array(index + 1).fill({ state: "warm" }),
  }));
  const metrics = setUp(statusWith({ models: models as unknown as Status["models"] }));
  assert.equal(await valueOf(metrics, 'instances{model="twin@aaaaaaaa",state="warm"}'), 1);
  assert.equal(await valueOf(metrics, 'instances{model="twin@bbbbbbbb",state="warm"}'), 2);
});

Deno.test("Metrics counts requests by model, host and outcome, with their tokens", async () => {
  const metrics = setUp();
  const statuses = [200, 200, 404, 429, 499, 500, 502, 503];
  for (const status of statuses) {
    metrics.record(requestRecord({ status, retries: 1, continuations: 2 }));
  }
  const outcomes = { answered: 2, refused: 1, limited: 1, cancelled: 1, failed: 2, broken: 1 };
  for (const [outcome, count] of Object.entries(outcomes)) {
    const line = `requests_total{model="guide",host="a",outcome="${outcome}"}`;
    assert.equal(await valueOf(metrics, line), count, outcome);
  }
  assert.equal(await valueOf(metrics, 'tokens_total{model="guide",direction="in"}'), 8 * 24);
  assert.equal(await valueOf(metrics, 'tokens_total{model="guide",direction="out"}'), 8 * 5);
  assert.equal(await valueOf(metrics, 'retries_total{model="guide"}'), 8);
  assert.equal(await valueOf(metrics, 'continuations_total{model="guide"}'), 16);
});

Deno.test("Metrics measures waiting, the first token and each further one", async () => {
  const metrics = setUp();
  const times = { queueMs: 250, firstByteMs: 300, totalMs: 1_300, tokensOut: 11 };
  metrics.record(requestRecord(times));
  metrics.record(requestRecord({ ...times, streamed: false }));
  metrics.record(requestRecord({ ...times, tokensOut: 1 }));
  const sum = (name: string) => valueOf(metrics, `${name}_sum{model="guide"}`);
  const count = (name: string) => valueOf(metrics, `${name}_count{model="guide"}`);
  assert.deepEqual([await sum("request_queue_seconds"), await count("request_queue_seconds")], [
    0.75,
    3,
  ]);
  assert.deepEqual([await sum("first_token_seconds"), await count("first_token_seconds")], [
    0.1,
    2,
  ]);
  assert.deepEqual([await sum("token_seconds"), await count("token_seconds")], [0.1, 1]);
});

Deno.test("Metrics shows the node as it is when it is asked for", async () => {
  const metrics = setUp();
  for (let scrape = 0; scrape < 2; scrape++) {
    assert.equal(await valueOf(metrics, 'build_info{version="1.2.3"}'), 1);
    assert.equal(await valueOf(metrics, 'peers{role="worker"}'), 1);
    assert.equal(await valueOf(metrics, "clients_connected"), 6);
    assert.equal(await valueOf(metrics, 'memory_bytes{of="mesh"}'), 7);
    const device = 'bytes{device="CUDA0",kind="discrete"}';
    assert.equal(await valueOf(metrics, `device_total_${device}`), 8);
    assert.equal(await valueOf(metrics, `device_offered_${device}`), 7);
    assert.equal(await valueOf(metrics, `device_used_${device}`), 6);
    assert.equal(await valueOf(metrics, 'device_used_bytes{device="old",kind="unknown"}'), 1);
    assert.equal(await valueOf(metrics, 'instances{model="guide",state="warm"}'), 2);
    assert.equal(await valueOf(metrics, 'engine_restarts_total{model="guide"}'), 3);
    assert.equal(await valueOf(metrics, 'serving{model="guide",role="host",state="warm"}'), 1);
    assert.equal(await valueOf(metrics, 'serving{model="m0",role="worker",state="loading"}'), 2);
    const held = (labels: string) => valueOf(metrics, `reserved_bytes{${labels}}`);
    assert.equal(await held('model="guide",role="host",device="CUDA0"'), 4);
    assert.equal(await held('model="guide",role="host",device="old"'), 1);
    assert.equal(await held('model="m0",role="worker",device="CUDA0"'), 2);
    const peer = '{peer="b",kind="rpc"}';
    assert.equal(await valueOf(metrics, `tunnel_streams${peer}`), 2);
    assert.equal(await valueOf(metrics, `tunnel_sent_bytes_total${peer}`), 10);
    assert.equal(await valueOf(metrics, `tunnel_received_bytes_total${peer}`), 20);
    assert.equal(await valueOf(metrics, `tunnel_weight_bytes_saved_total${peer}`), 30);
    assert.equal(await valueOf(metrics, `tunnel_rtt_seconds${peer}`), 0.004);
  }
  assert.ok(await valueOf(metrics, "resident_memory_bytes") > 0);
});

Deno.test("Metrics shows what RPC streams carried, and nothing for those that were not understood", async () => {
  const { rpc: _, ...plain } = TUNNEL;
  const metrics = setUp(statusWith({ tunnels: [TUNNEL, { ...plain, peer: "c" }] }));
  const expected = { round_trips: 9, graphs: 4, answered_here: 6, weights_refused: 5, stalls: 3 };
  for (let scrape = 0; scrape < 2; scrape++) {
    for (const [name, value] of Object.entries({ ...expected, stalled_seconds: 1.5 })) {
      assert.equal(await valueOf(metrics, `rpc_${name}_total{peer="b"}`), value, name);
    }
    assert.equal(await valueOf(metrics, 'rpc_tensor_bytes_total{peer="b"}'), 40);
    assert.equal(await valueOf(metrics, 'rpc_frames_total{peer="b",command="get_tensor"}'), 8);
    assert.doesNotMatch(await metrics.text(), /rpc_\w+{peer="c"/);
  }
});

Deno.test("Metrics looks at the node once for all that it shows of it", async () => {
  let looks = 0;
  const status = () => {
    looks++;
    return statusWith();
  };
  const metrics = new Metrics({
    status,
    counters: () => ({ engineRestarts: new Map(), refusals: {} }),
  });
  for (const expected of [1, 2]) {
    await metrics.text();
    assert.equal(looks, expected);
  }
});

Deno.test("Metrics repeats no words of callers, and no more names than it can hold", async () => {
  const tunnels = Array.from({ length: 500 }, (_, n) => ({ ...TUNNEL, peer: `p${n}` }));
  const metrics = setUp(statusWith({ tunnels }));
  for (let n = 0; n < 500; n++) {
    metrics.record(requestRecord({ model: `asked-${n}`, host: null, status: 404 }));
    metrics.record(requestRecord({ model: `m${n}`, host: `h${n}` }));
  }
  const text = await metrics.text();
  assert.doesNotMatch(text, /asked-/);
  for (const label of ["model", "host", "peer"]) {
    const values = new Set(text.match(new RegExp(`\\b${label}="[^"]*"`, "g")));
    assert.ok(values.size > 100 && values.size <= 203, `${label} has ${values.size} values`);
  }
  const others = 'requests_total{model="other",host="other",outcome="answered"}';
  assert.equal(await valueOf(metrics, others), 300);
  assert.equal(await valueOf(metrics, 'tunnel_streams{peer="other",kind="rpc"}'), 600);
  assert.equal(await valueOf(metrics, 'rpc_round_trips_total{peer="other"}'), 2_700);
  assert.match(text, /tunnel_rtt_seconds\{peer="p0"/);
  assert.doesNotMatch(text, /tunnel_rtt_seconds\{peer="other"/, "they make no sum");
  assert.equal(await valueOf(metrics, 'rpc_frames_total{peer="other",command="hello"}'), 300);
});

Deno.test("Every metric of the dashboard is exported, and every label that it sums by", async () => {
  const refusals = new RefusalCounts();
  refusals.count("key");
  const metrics = setUp(statusWith(), refusals);
  metrics.record(requestRecord());
  const text = await metrics.text();
  const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  assert.ok(expressions.length > 15);
  for (const expression of [...expressions, dashboard.templating.list[1]!.query]) {
    const names = expression.match(/mesh_llm_\w+/g) ?? [];
    assert.ok(names.length > 0, expression);
    for (const name of names) {
      const lines = text.split("\n").filter((line) => line.startsWith(name));
      assert.ok(lines.length > 0, `${name} of ${expression}`);
      const by = /by \(([^)]*)\)/.exec(expression)?.[1]?.split(", ") ?? [];
      // Prometheus adds the instance.
      for (const label of by.filter((label) => label !== "instance")) {
        assert.ok(lines.some((line) => line.includes(`${label}="`)), `${label} of ${expression}`);
      }
    }
  }
  const exported = [...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name!);
  for (const name of exported) {
    assert.ok(expressions.some((expression) => expression.includes(name)), `${name} has a panel`);
  }
});
