import type { Engine } from "../../engine/mod.ts";
import { unknownArgument } from "../../base/model_arguments.ts";
import type { ModelOverrides, OverridesByModel } from "../plan/model_settings.ts";
import { missingDevices } from "../serving/own_devices.ts";

export type OwnEngine = Pick<Engine, "llamaServerFlags" | "devices" | "leftOut" | "build">;

/** Only llama.cpp on this machine can tell. @returns a clause that begins with the key; `null` where nothing is wrong. */
export function whyNotHere(
  { args = [], device = null }: ModelOverrides,
  { llamaServerFlags, devices, leftOut, build }: OwnEngine,
): string | null {
  const unknown = unknownArgument(args, llamaServerFlags);
  if (unknown !== undefined) {
    return `args: llama-server of build ${build} has no argument ${unknown}`;
  }
  const [missing] = missingDevices(devices, device);
  if (missing === undefined) return null;
  const names = devices.map(({ name }) => name).join(", ") || "none";
  const isLeft = leftOut.some(({ name }) => name === missing);
  const why = isLeft ? "this node does not use" : "this machine does not have";
  return `device: ${why} ${missing}; it uses ${names}`;
}

/** Without those that this machine can't have any more: its devices or its llama.cpp are others than they were. */
export function usableHere(settings: ModelOverrides, engine: OwnEngine): ModelOverrides {
  const { args, device, ...others } = settings;
  return {
    ...others,
    ...(args === undefined || whyNotHere({ args }, engine) !== null ? {} : { args }),
    ...(device === undefined || whyNotHere({ device }, engine) !== null ? {} : { device }),
  };
}

/** @throws a sentence with the model and the key. */
export function checkSettings(perModel: OverridesByModel, engine: Engine): void {
  for (const [name, settings] of Object.entries(perModel)) {
    const why = whyNotHere(settings, engine);
    if (why !== null) throw new Error(`config.toml: [model.${JSON.stringify(name)}]: ${why}`);
  }
}
