/** Which of the devices that llama.cpp lists a node lets it use. Pure. */

import { MIN_DEVICE_BYTES } from "../base/defaults.ts";
import { EngineDeviceError } from "../base/errors.ts";
import type { EngineDevice, LeftDevice } from "../base/types.ts";
import { twinOf } from "./same_card.ts";

export interface DeviceChoice {
  /** In llama.cpp's order, or in that of `--device`; empty: the CPU alone. */
  readonly devices: readonly EngineDevice[];
  readonly leftOut: readonly LeftDevice[];
}

/**
 * The rule is llama.cpp's own, which knows each card and shows only the list: each card once, and integrated GPUs only where
 * there is no other. A node passes on by name what it has chosen, so that shares land where its plan says.
 * @param named what `--device` says; `null` leaves the choice to the rule
 * @throws {EngineDeviceError} for a name that is not in the list
 */
export function chooseDevices(
  listed: readonly EngineDevice[],
  named: readonly string[] | null,
): DeviceChoice {
  const clamped = withTwinsKind(listed.map(clamp));
  if (named !== null) return { devices: byName(clamped, named), leftOut: [] };
  const steps = [leaveSoftware, leaveTwins, leaveFull, leaveIntegrated];
  return steps.reduce<DeviceChoice>((choice, step) => {
    const leftOut = choice.devices.flatMap((device) => {
      const reason = step(device, choice.devices);
      return reason === null ? [] : [{
        name: device.name,
        description: device.description,
        reason,
        isFull: step === leaveFull,
      }];
    });
    const left = new Set(leftOut.map(({ name }) => name));
    return {
      devices: choice.devices.filter(({ name }) => !left.has(name)),
      leftOut: [...choice.leftOut, ...leftOut],
    };
  }, { devices: clamped, leftOut: [] });
}

/** Drivers of integrated GPUs can have more free than there is (#29277). */
function clamp(device: EngineDevice): EngineDevice {
  return { ...device, freeBytes: Math.min(device.freeBytes, device.totalBytes) };
}

/** Vulkan's driver says what kind of card it is; under the others a name such as `AMD Radeon Graphics` can be either. */
function withTwinsKind(devices: readonly EngineDevice[]): EngineDevice[] {
  return devices.map((device) => {
    const twin = devices.find((one) => twinOf(one, devices) === device.name);
    return { ...device, kind: twin?.kind ?? device.kind };
  });
}

function byName(listed: readonly EngineDevice[], named: readonly string[]): EngineDevice[] {
  const devices = named.map((name) => {
    const device = listed.find((one) => one.name.toLowerCase() === name.toLowerCase());
    if (device !== undefined) return device;
    const names = listed.map((one) => one.name).join(", ");
    throw new EngineDeviceError(
      `--device names ${name}, and llama.cpp has no such device: ` +
        (names === ""
          ? "it lists none on this machine. Use --device none"
          : `it lists ${names}. Name some of these, or none for the CPU alone`),
    );
  });
  return [...new Set(devices)];
}

/** Why a device is left out, or `null`. */
type Step = (device: EngineDevice, all: readonly EngineDevice[]) => string | null;

const leaveSoftware: Step = ({ kind }) =>
  kind === "software" ? "it is a software renderer and no GPU" : null;

/** One card under two backends. Those that were made for it come first in llama.cpp's list, and win. */
const leaveTwins: Step = (device, all) => {
  const twin = twinOf(device, all);
  return twin === null ? null : `it is the same card as ${twin}`;
};

const leaveFull: Step = ({ freeBytes }) =>
  freeBytes < MIN_DEVICE_BYTES
    ? `only ${Math.floor(freeBytes / 2 ** 20)} MiB of it are free, too little to help`
    : null;

const leaveIntegrated: Step = ({ kind }, all) =>
  kind === "integrated" && all.some((other) => other.kind === "discrete")
    ? "an integrated GPU is used only where there is no other"
    : null;
