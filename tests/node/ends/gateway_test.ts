import assert from "node:assert/strict";
import type { GatewayInstance } from "../../../src/api/mod.ts";
import { withoutFailed } from "../../../src/node/ends/gateway.ts";

function at(host: string, model = "guide"): GatewayInstance {
  return {
    host,
    id: model,
    model,
    fingerprint: "f",
    local: false,
    mode: "solo",
    sizeBytes: 7,
    contextLength: 4_096,
  };
}

function hosts(instances: readonly GatewayInstance[]): string[] {
  return instances.map(({ host }) => host);
}

Deno.test("withoutFailed() leaves out a host that failed while another serves the model", () => {
  const left = (...failed: string[]) =>
    hosts(withoutFailed([at("a"), at("b")], (host) => failed.includes(host)));
  assert.deepEqual(left("a"), ["b"]);
  assert.deepEqual(left(), ["a", "b"]);
});

Deno.test("withoutFailed() keeps the only instance of a model, and all where all failed", () => {
  const failed = (host: string) => host === "a" || host === "b";
  assert.deepEqual(hosts(withoutFailed([at("a", "big"), at("c")], failed)), ["a", "c"]);
  assert.deepEqual(hosts(withoutFailed([at("a"), at("b")], failed)), ["a", "b"]);
});
