import { systemClock } from "../mesh/mod.ts";
import type { ActiveOptions } from "./active_options.ts";
import { companionsOf } from "./plan/companions.ts";
import type { JobParts } from "./serving/job.ts";
import { memoryNow } from "./memory_now.ts";
import { FailedCompanions } from "./serving/failed_companions.ts";
import { MemoryFailures } from "./serving/memory_failures.ts";
import { poolsOf } from "./plan/pools.ts";
import type { RpcEnds } from "./ends/rpc_ends.ts";
import { sameModel } from "./plan/view.ts";

/** The parts that the jobs of a real node use. */
export function jobParts(options: ActiveOptions, rpc: RpcEnds): JobParts {
  const { mesh, supervisor, logger, serving, inventory, manager, weights } = options;
  const failed = new FailedCompanions();
  const memoryFailures = new MemoryFailures();
  return {
    mesh,
    supervisor,
    logger,
    serving,
    get engine() {
      return { devices: supervisor.devices };
    },
    get memory() {
      return memoryNow(options);
    },
    get lostDevices() {
      return supervisor.lostDevices;
    },
    localModel: ({ model }) => inventory.models.find((file) => sameModel(file, model)),
    companionsOf: (model, mode) =>
      companionsOf(model, {
        choice: mode === "split" ? { kind: "none" } : options.drafts,
        models: inventory.models,
        roomBytes: roomForCompanions(options),
        contextLength: serving.contextLength,
        failure: (companion) => failed.reason(model, companion),
      }),
    companionFailed: (model, companion, reason) => failed.add(model, companion, reason),
    memoryFailure: (model) => memoryFailures.reason(model),
    memoryFailed: (model, reason) => memoryFailures.add(model, reason),
    devicesOf: (peer) =>
      peer === mesh.self
        ? memoryNow(options).devices
        : mesh.members().find((member) => member.peer === peer)?.machine.devices ?? [],
    tunnelPort: (peer) => rpc.portTo(peer),
    resetTunnels: () => rpc.resetServed(),
    fetchModel: (name, signal) => manager.fetch(name, signal),
    weightsKnown: (model) => weights.known(model.shards),
    now: systemClock.elapsed,
    after: systemClock.after,
  };
}

/** On the GPUs, where there are some. */
function roomForCompanions(options: ActiveOptions): number {
  const memory = memoryNow(options);
  return options.supervisor.devices.length > 0 ? poolsOf(memory).gpuBytes : memory.memoryBytes;
}
