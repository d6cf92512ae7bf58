import assert from "node:assert/strict";
import { newLines } from "../../../src/cli/commands/run_logs.ts";
import { runningOf, runningText } from "../../../src/cli/commands/run_ps.ts";
import { status } from "../status_of_two.ts";

const NOW_MS = Date.parse("2026-01-01T00:10:00Z");

Deno.test("ps has a row for each instance, with the memory of all of its machines", () => {
  const { node, peers, models } = status;
  const host = peers[0]!;
  const part = { model: models[0]!.id, host: host.id, mode: "split", pinned: true } as const;
  const told = {
    ...status,
    node: {
      ...node,
      serving: [
        { ...part, role: "worker" as const, state: "warm" as const, reservedBytes: { CPU: 2e9 } },
      ],
    },
    peers: [{
      ...host,
      serving: [
        { ...part, role: "host" as const, state: "warm" as const, reservedBytes: { CUDA0: 6e9 } },
      ],
    }],
    models: [{
      ...models[0]!,
      instances: [{
        host: host.id,
        mode: "split" as const,
        state: "warm" as const,
        why: null,
        term: 1,
        hostShare: 0.75,
        workers: [{ id: node.id, share: 0.25 }],
        contextLength: 4096,
        slots: 4,
      }],
    }],
  };
  const running = runningOf(told, [
    { model: models[0]!.id, time: "2026-01-01T00:07:30Z" },
    { model: models[0]!.id, time: "2026-01-01T00:01:00Z" },
    { model: "another", time: "2026-01-01T00:09:00Z" },
  ]);
  assert.deepEqual(
    running.map(({ machines, slots, lastAsked }) => ({ machines, slots, lastAsked })),
    [
      { machines: [host.name, node.name], slots: 4, lastAsked: "2026-01-01T00:07:30Z" },
    ],
  );
  const text = runningText(running, NOW_MS);
  assert.match(text, /^MODEL +MACHINES +STATE +CONTEXT +SLOTS +TOKENS\/S +MEMORY +ASKED\n/);
  assert.ok(text.includes("bo b + anna  ready"), text);
  assert.ok(text.includes("2.0 GB of anna CPU, 6.0 GB of bo b CUDA0"), text);
  assert.match(text, /2 min ago\n$/);
});

Deno.test("ps has a row for a model that waits its turn on a machine", () => {
  const [model] = status.models;
  const host = status.peers[0]!.id;
  const next = { host, mode: "solo", state: "turn", why: null, term: 0, hostShare: 1 } as const;
  const instances = [{ ...next, workers: [], contextLength: null }];
  const running = runningOf({ ...status, models: [{ ...model!, instances }] }, []);
  assert.match(runningText(running, NOW_MS), /\S+ +bo b +waits its turn +- +- +- +- +-\n$/);
});

Deno.test("ps says what to do where nothing runs", () => {
  assert.match(runningText([], NOW_MS), /^Nothing runs: mesh-llm serve NAME /);
});

const windows: [before: string[], now: string[], fresh: string[]][] = [
  [[], ["a", "b"], ["a", "b"]],
  [["a", "b"], ["a", "b"], []],
  [["a", "b"], ["a", "b", "b"], ["b"]],
  [["a", "b", "c"], ["b", "c", "d"], ["d"]],
  [["a", "b"], ["x"], ["x"]], // the node was started again
  [["a", "b"], [], []],
];

for (const [before, now, fresh] of windows) {
  Deno.test(`logs -f that has shown ${before} shows ${fresh} of ${now}`, () => {
    const lines = newLines(new Map([["", before]]), new Map([["", now]]));
    assert.deepEqual(lines.map(({ line }) => line), fresh);
  });
}
