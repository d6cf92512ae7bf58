import { systemClock } from "../mesh/mod.ts";
import type { ActiveOptions } from "./active_options.ts";
import { draftOf } from "./drafts.ts";
import type { DutyParts } from "./duty.ts";
import type { RpcEnds } from "./rpc_ends.ts";
import { sameModel } from "./view.ts";

/** What the duties of a real node use. */
export function dutyParts(options: ActiveOptions, rpc: RpcEnds): DutyParts {
  const { mesh, engine, supervisor, logger, contextLength, shelf, memory, desk, weights } = options;
  return {
    mesh,
    engine,
    supervisor,
    logger,
    contextLength,
    localModel: ({ model }) => shelf.models.find((file) => sameModel(file, model)),
    draftOf: (model) =>
      draftOf(model, {
        choice: options.drafts,
        models: shelf.models,
        memoryBytes: memory.memoryBytes,
        contextLength,
      }),
    devicesOf: (peer) => mesh.members().find((member) => member.peer === peer)?.devices ?? [],
    tunnelPort: (peer) => rpc.portTo(peer),
    resetTunnels: () => rpc.resetServed(),
    fetchModel: (name, signal) => desk.fetch(name, signal),
    weightsKnown: (model) => weights.known(model.shards),
    ...systemClock,
  };
}
