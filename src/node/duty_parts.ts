import { systemClock } from "../mesh/mod.ts";
import type { ActiveOptions } from "./active_options.ts";
import { companionsOf } from "./plan/companions.ts";
import type { DutyParts } from "./serving/duty.ts";
import { FailedCompanions } from "./serving/failed_companions.ts";
import type { RpcEnds } from "./ends/rpc_ends.ts";
import { sameModel } from "./plan/view.ts";

/** What the duties of a real node use. */
export function dutyParts(options: ActiveOptions, rpc: RpcEnds): DutyParts {
  const { mesh, engine, supervisor, logger, contextLength, shelf, memory, desk, weights } = options;
  const failed = new FailedCompanions();
  return {
    mesh,
    engine,
    supervisor,
    logger,
    contextLength,
    localModel: ({ model }) => shelf.models.find((file) => sameModel(file, model)),
    companionsOf: (model, mode) =>
      companionsOf(model, {
        choice: mode === "split" ? { kind: "none" } : options.drafts,
        models: shelf.models,
        memoryBytes: memory.memoryBytes,
        contextLength,
        failure: (companion) => failed.reason(model, companion),
      }),
    companionFailed: (model, companion, reason) => failed.add(model, companion, reason),
    devicesOf: (peer) => mesh.members().find((member) => member.peer === peer)?.devices ?? [],
    tunnelPort: (peer) => rpc.portTo(peer),
    resetTunnels: () => rpc.resetServed(),
    fetchModel: (name, signal) => desk.fetch(name, signal),
    weightsKnown: (model) => weights.known(model.shards),
    now: systemClock.elapsed,
    after: systemClock.after,
  };
}
