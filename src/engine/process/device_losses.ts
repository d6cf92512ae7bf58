import { LOST_AGAIN_MS } from "../base/defaults.ts";
import type { EngineDevice, ExitCause, LostDevice, ServerSpec } from "../base/types.ts";

/**
 * The devices that servers have lost, of which the node goes on without those that were lost twice. The only owner of that
 * knowledge; it ends with the node. Time is an argument.
 */
export class DeviceLosses {
  readonly #all: readonly EngineDevice[];
  readonly #lostAtMs = new Map<string, number>();
  readonly #givenUp = new Map<string, LostDevice>();

  constructor(devices: readonly EngineDevice[]) {
    this.#all = devices;
  }

  /** Those in use. */
  get devices(): readonly EngineDevice[] {
    return this.#all.filter(({ name }) => !this.#givenUp.has(name));
  }

  get givenUp(): readonly LostDevice[] {
    return [...this.#givenUp.values()];
  }

  /** Takes in why a server has ended. */
  add(spec: ServerSpec, { lost, text }: ExitCause, nowMs: number): void {
    if (lost === undefined || !usesDevices(spec)) return;
    const used = this.devices;
    const named = used.filter(({ name }) => name === lost.device);
    for (const device of named.length > 0 ? named : used) this.#lose(device, text, nowMs);
  }

  #lose({ name, description }: EngineDevice, text: string, nowMs: number): void {
    const before = this.#lostAtMs.get(name) ?? -Infinity;
    this.#lostAtMs.set(name, nowMs);
    if (nowMs - before > LOST_AGAIN_MS) return;
    this.#givenUp.set(name, { name, description, reason: `for the second time, ${text}` });
  }
}

function usesDevices(spec: ServerSpec): boolean {
  if (spec.kind === "rpc-server") return spec.lends !== "main";
  return spec.place?.kind !== "main";
}
