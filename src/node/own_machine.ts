import { arch, platform } from "node:process";
import type { Engine, EngineRecord, OfferedMemory } from "../engine/mod.ts";
import type { Machine } from "../mesh/mod.ts";
import type { ServingConfig } from "./plan/config.ts";

export interface OwnMachineOptions {
  readonly name: string;
  readonly version: string;
  readonly serving: Pick<ServingConfig, "loadOnRequest">;
  /** `null` for a client, which offers no memory. */
  readonly local: { readonly engine: Engine; readonly memory: OfferedMemory } | null;
}

/**
 * The description of this machine: made once, at the start. The memory that its models take is added when it is
 * announced.
 */
export function ownMachine(
  { name, version, serving, local }: OwnMachineOptions,
): Machine {
  return {
    name,
    version,
    system: `${platform} ${arch}`,
    devices: local?.memory.devices ?? [],
    engine: local && describe(local.engine),
    // A client loads nothing anyway, and need not say so.
    ...(serving.loadOnRequest || local === null ? {} : { loadsOnRequest: false }),
  };
}

function describe({ build, rpcProtocol, record = null }: Engine): Machine["engine"] {
  return { build, rpcProtocol, origin: record && originOf(record) };
}

/** As `engine install --like` reads it again. */
function originOf({ source, tag }: EngineRecord): string {
  return tag === null ? source : `${source}:${tag}`;
}
