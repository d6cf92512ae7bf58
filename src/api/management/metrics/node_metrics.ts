import { LABEL_VALUES_MAX } from "../../base/defaults.ts";
import type { ManagementNode, Status } from "../../base/types.ts";
import { BoundedLabels, type Measures, type Sample } from "./measures.ts";

/** The part of the node that the metrics are made of. */
export type MeasuredNode = Pick<ManagementNode, "status" | "counters">;

/** Peers, instances, memory, and the counts that the node keeps itself. */
export function measureNode(measures: Measures, node: MeasuredNode): void {
  measures.gauge("build_info", "Always 1", ["version"], ({ version }) => [[{ version }, 1]]);
  measures.gauge("peers", "Other active nodes of the mesh", ["role"], ({ peers }) => {
    const roles = ["host", "worker", "standby"] as const;
    return roles.map((role) => [{ role }, peers.filter((peer) => peer.role === role).length]);
  });
  measures.gauge(
    "clients_connected",
    "Clients and free nodes outside the gossip, connected to this node",
    [],
    (status) => [
      [{}, status.node.clientsConnected],
    ],
  );
  measures.gauge("memory_bytes", "Memory that is offered", ["of"], (status) => [
    [{ of: "node" }, status.node.vramBytes],
    [{ of: "mesh" }, status.mesh.vramBytes],
  ]);
  const devices = { total: "Memory", offered: "Memory that is offered", used: "Memory in use" };
  for (const [of, help] of Object.entries(devices)) {
    measures.gauge(
      `device_${of}_bytes`,
      `${help} of each device of this node`,
      ["device", "kind"],
      ({ node }) =>
        node.devices.map((device) => [
          { device: device.name, kind: device.kind ?? "unknown" },
          device[`${of as keyof typeof devices}Bytes`],
        ]),
    );
  }
  measures.gauge("instances", "Instances that this node knows", ["model", "state"], instancesOf);
  measureServing(measures);
  measures.gauge("resident_memory_bytes", "Memory of this node's own process", [], () => [
    [{}, Deno.memoryUsage().rss],
  ]);
  const models = new BoundedLabels();
  measures.total(
    "engine_restarts_total",
    "Children started again after a crash, by what they served",
    ["model"],
    () =>
      [...node.counters().engineRestarts].map(([model, count]) => [
        { model: models.of(model) },
        count,
      ]),
  );
  measures.total("mesh_refusals_total", "Refusals to peers, by kind", ["what"], () => {
    const { refusals } = node.counters();
    return Object.entries(refusals).map(([what, count]) => [{ what }, count]);
  });
}

/** The parts of this node in instances: its own, and those that it lends memory to. */
function measureServing(measures: Measures): void {
  const models = new BoundedLabels();
  measures.gauge(
    "serving",
    "Instances that this node hosts or works for",
    ["model", "role", "state"],
    ({ node }) =>
      node.serving.map(({ model, role, state }) => [{ model: models.of(model), role, state }, 1]),
  );
  measures.gauge(
    "reserved_bytes",
    "Memory that each model holds of each device of this node",
    ["model", "role", "device"],
    ({ node }) =>
      node.serving.flatMap(({ model, role, reservedBytes }) =>
        Object.entries(reservedBytes).map(([device, bytes]): Sample => [
          { model: models.of(model), role, device },
          bytes,
        ])
      ),
  );
}

function instancesOf({ models }: Status): Sample[] {
  return models.slice(0, LABEL_VALUES_MAX).flatMap(({ id, instances }) =>
    (["warm", "loading", "turn", "waiting", "failed"] as const).map((state): Sample => [
      { model: id, state },
      instances.filter((instance) => instance.state === state).length,
    ])
  );
}
