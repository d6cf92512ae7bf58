import { TRUSTED_AFTER_MS } from "../base/defaults.ts";
import type { EngineDevice, ExitCause, LostDevice, ServerSpec } from "../base/types.ts";

/** The end of a server. */
export interface ServerEnd {
  readonly spec: ServerSpec;
  readonly cause: ExitCause;
  /** How long it had been ready; 0 if it never was. */
  readonly readyMs: number;
}

/**
 * The devices that servers have lost, of which the node goes on without those that were lost twice. The only owner of that
 * knowledge; it ends with the node.
 */
export class DeviceLosses {
  readonly #all: readonly EngineDevice[];
  readonly #lostBefore = new Set<string>();
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

  add({ spec, cause: { lost, text }, readyMs }: ServerEnd): void {
    if (lost === undefined || !usesDevices(spec)) return;
    const used = this.devices;
    const named = used.filter(({ name }) => name === lost.device);
    const isTrusted = readyMs >= TRUSTED_AFTER_MS;
    for (const device of named.length > 0 ? named : used) {
      if (this.#lostBefore.has(device.name) && !isTrusted) this.#giveUp(device, text);
      this.#lostBefore.add(device.name);
    }
  }

  #giveUp({ name, description }: EngineDevice, text: string): void {
    this.#givenUp.set(name, { name, description, reason: `once again, ${text}` });
  }
}

function usesDevices(spec: ServerSpec): boolean {
  if (spec.kind === "rpc-server") return spec.lends !== "main";
  return spec.place?.kind !== "main";
}
