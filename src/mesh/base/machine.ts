/**
 * The description of a machine. Everything that depends on its single fields is here: the fields, their bounds in
 * announcements, and how they are read. docs/first-change.md tells what else a further field touches.
 */

import { z } from "zod";
import { asByteCount, byteCount } from "./bounds.ts";
import { MAX_ANNOUNCED_DEVICES } from "./message_defaults.ts";
import { asDisplayName, asVersionText, displayName, versionText } from "./names.ts";
import { untold } from "./tolerant.ts";

export const DEVICE_KINDS = ["discrete", "integrated", "software", "cpu"] as const;

export interface DeviceMemory {
  readonly name: string;
  /**
   * A GPU with memory of its own, one that uses main memory, a software renderer, or the CPU, whose memory is main memory.
   * `null` is unknown: of an earlier version, or a kind that only a later one knows.
   */
  readonly kind: typeof DEVICE_KINDS[number] | null;
  readonly totalBytes: number;
  readonly offeredBytes: number;
  readonly usedBytes: number;
}

/** A llama.cpp. */
export interface EngineBuild {
  readonly build: string;
  readonly rpcProtocol: string;
  /** `release:b11541` or `debian` where mesh-llm has installed it; `null` where that is not known. */
  readonly origin: string | null;
}

/**
 * A machine as its node describes it. It travels whole: from the node that makes it through the announcement and the
 * routing table into the status. `null` is a field that a node of an earlier version does not send.
 */
export interface Machine {
  readonly name: string;
  /** Of mesh-llm. */
  readonly version: string;
  /** Operating system and processor, as releases are named: `linux x64`. */
  readonly system: string | null;
  readonly devices: readonly DeviceMemory[];
  /** `null` where it has none. */
  readonly engine: EngineBuild | null;
  /** Only of one whose owner has switched loading by request off: it loads what people name, and nothing that a request does. */
  readonly loadsOnRequest?: false;
}

const device = z.object({
  name: displayName,
  kind: untold(z.string()).transform((told) => DEVICE_KINDS.find((kind) => kind === told) ?? null),
  totalBytes: byteCount,
  offeredBytes: byteCount,
  usedBytes: byteCount,
});

/** In messages they stand among the fields of what holds the machine: nodes of earlier versions read them there. */
export const machineFields = {
  name: displayName,
  version: versionText,
  system: untold(displayName),
  devices: z.array(device).max(MAX_ANNOUNCED_DEVICES),
  mainMemory: untold(device),
  engine: untold(
    z.object({ build: versionText, rpcProtocol: versionText, origin: untold(versionText) }),
  ),
  loadsOnRequest: z.literal(false).exactOptional(),
};

interface Told extends Machine {
  readonly mainMemory?: DeviceMemory | null;
  readonly memoryBytes: number;
}

/** The fields that were read, with the machine as one object. */
export function gatherMachine<T extends Told>(
  { name, version, system, devices: gpus, mainMemory = null, engine, ...told }: T,
): Omit<T, keyof Machine | "mainMemory"> & { readonly machine: Machine } {
  const { loadsOnRequest, memoryBytes, ...rest } = told;
  const devices = mainMemory === null ? gpus : [...gpus, mainMemory];
  const whole = asByteCount(memoryBytes + (mainMemory?.offeredBytes ?? 0));
  const machine = { name, version, system, devices, engine, ...switchedOff(loadsOnRequest) };
  return { ...rest, memoryBytes: whole, machine } as
    & Omit<T, keyof Machine | "mainMemory">
    & { readonly machine: Machine };
}

/**
 * The fields to send, with the machine's among the others. Main memory beside GPUs stands by itself, and `memoryBytes` is
 * without it: a node of an earlier version counts on the GPUs alone, and gives each of `devices` a share of a split.
 */
export function spreadMachine(
  { machine, memoryBytes, ...rest }: { readonly machine: Machine; readonly memoryBytes: number },
): object {
  const mainMemory = mainMemoryBeside(machine);
  if (mainMemory === null) return { ...rest, memoryBytes, ...machine };
  return {
    ...rest,
    ...machine,
    memoryBytes: Math.max(0, memoryBytes - mainMemory.offeredBytes),
    devices: machine.devices.slice(0, -1),
    mainMemory,
  };
}

/** Main memory that stands beside GPUs, behind them; `null` where it is all there is, or unknown. */
function mainMemoryBeside({ devices }: Machine): DeviceMemory | null {
  const last = devices.at(-1);
  return devices.length > 1 && last?.kind === "cpu" ? last : null;
}

/** The memory of a node, with that of its machine: never less than what stands beside its GPUs. */
export function fitMemory(memoryBytes: number, machine: Machine): number {
  return Math.max(asByteCount(memoryBytes), mainMemoryBeside(machine)?.offeredBytes ?? 0);
}

/** Makes of it one that others accept, whatever this machine says of itself. */
export function fitMachine(
  { name, version, system, devices, engine, loadsOnRequest }: Machine,
): Machine {
  return {
    name: asDisplayName(name),
    version: asVersionText(version),
    system: system === null ? null : asDisplayName(system),
    devices: devices.slice(0, MAX_ANNOUNCED_DEVICES).map((device) => ({
      name: asDisplayName(device.name),
      kind: device.kind,
      totalBytes: asByteCount(device.totalBytes),
      offeredBytes: asByteCount(device.offeredBytes),
      usedBytes: asByteCount(device.usedBytes),
    })),
    engine: engine && {
      build: asVersionText(engine.build),
      rpcProtocol: asVersionText(engine.rpcProtocol),
      origin: engine.origin === null ? null : asVersionText(engine.origin),
    },
    ...switchedOff(loadsOnRequest),
  };
}

function switchedOff(loadsOnRequest: false | undefined): Pick<Machine, "loadsOnRequest"> {
  return loadsOnRequest === undefined ? {} : { loadsOnRequest };
}
