import { existsSync } from "node:fs";
import { type AnnouncementContent, type ModelRef, systemClock } from "../mesh/mod.ts";
import type { ActiveOptions } from "./active_options.ts";
import { companionsOf } from "./plan/companions.ts";
import type { JobParts } from "./serving/job.ts";
import { memoryNow } from "./memory_now.ts";
import { FailedCompanions } from "./serving/failed_companions.ts";
import { MemoryFailures } from "./serving/memory_failures.ts";
import { freeDevices } from "./plan/ledger.ts";
import { bytesIn, poolsOf } from "./plan/pools.ts";
import type { RpcEnds } from "./ends/rpc_ends.ts";
import { TriedArguments } from "./serving/tried_arguments.ts";
import { spareBytes } from "./serving/spare_memory.ts";
import { idsOf } from "./plan/table_ids.ts";
import { sameModel, viewOf } from "./plan/view.ts";

/** The parts that the jobs of a real node use. */
export function jobParts(
  options: ActiveOptions,
  rpc: RpcEnds,
  own: () => AnnouncementContent,
): JobParts {
  const { mesh, supervisor, logger, settingsOf, inventory, manager, weights } = options;
  const failed = new FailedCompanions();
  const memoryFailures = new MemoryFailures();
  return {
    mesh,
    supervisor,
    logger,
    settingsOf,
    tried: new TriedArguments(),
    get engine() {
      return { devices: supervisor.devices };
    },
    get memory() {
      return memoryNow(options);
    },
    get lostDevices() {
      return supervisor.lostDevices;
    },
    idOf: idLookup(options),
    localModel: ({ model }) => inventory.models.find((file) => sameModel(file, model)),
    missingFile: ({ shards }) => shards.find((path) => !existsSync(path)),
    companionsOf: (model, mode, free) =>
      companionsOf(model, {
        choice: mode === "split" ? { kind: "none" } : options.draftOf(model),
        models: inventory.models,
        roomBytes: bytesIn(poolsOf(free), supervisor.devices.length > 0 ? "gpu" : "all"),
        contextLength: settingsOf(model).contextLength,
        slots: settingsOf(model).slots,
        failure: (companion) => failed.reason(model, companion),
      }),
    companionFailed: (model, companion, reason) => failed.add(model, companion, reason),
    memoryFailure: (model) => memoryFailures.reason(model),
    memoryFailed: (model, reason) => memoryFailures.add(model, reason),
    spare: (model) =>
      spareBytes(model, {
        engine: supervisor,
        memory: memoryNow(options),
        own: own(),
        others: mesh.members(),
      }),
    devicesOf: (peer, model) => {
      const { self, others } = viewOf(mesh, own());
      const member = others.find((one) => one.peer === peer);
      return member === undefined ? [] : freeDevices(member, [self, ...others], model);
    },
    openTunnels: (split) => rpc.openTunnels(split),
    takenBy: (model) => rpc.takenBy(model),
    resetTunnels: (model) => rpc.reset(model),
    fetchModel: (name, signal) => manager.fetch(name, signal),
    weightsKnown: (model) => weights.known(model.shards),
    now: systemClock.elapsed,
    after: systemClock.after,
  };
}

/** The ids of models as this node sees them now: of its own disk, and of the mesh. */
export function idLookup({ mesh, inventory }: Pick<ActiveOptions, "mesh" | "inventory">) {
  return (model: ModelRef): string => idsOf(mesh.routes(), inventory.models).idOf(model);
}
