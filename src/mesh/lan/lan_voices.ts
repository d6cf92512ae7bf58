import { finishesWithin } from "../../base/finishes_within.ts";
import type { InterfaceAddress } from "../base/addresses.ts";
import type { Clock } from "../base/clock.ts";
import { LAN_GOODBYE_MS, LAN_RETRY_MS } from "./defaults.ts";
import { lanInterfaces } from "./lan_interfaces.ts";
import type { LanVoice } from "./lan_voice.ts";

export interface LanVoicesOptions {
  readonly clock: Clock;
  readonly interfaces: () => readonly InterfaceAddress[];
  /** For the interface of this address. */
  readonly create: (address: string, failed: (error: Error) => void) => LanVoice;
  /** An interface refuses, in a sentence. */
  readonly refused: (problem: string) => void;
}

/** A voice for each interface that is there. */
export class LanVoices {
  readonly #options: LanVoicesOptions;
  /** By the address of the interface. */
  readonly #voices = new Map<string, LanVoice>();
  /** Interfaces that refused, why, and when they are tried again. */
  readonly #refused = new Map<string, { readonly problem: string; readonly untilMs: number }>();

  constructor(options: LanVoicesOptions) {
    this.#options = options;
  }

  get all(): readonly LanVoice[] {
    return [...this.#voices.values()];
  }

  get problem(): string | null {
    const [refused] = this.#refused.values();
    return refused?.problem ?? null;
  }

  /** Answers with those that are new. */
  follow(): readonly LanVoice[] {
    const wanted = new Set(lanInterfaces(this.#options.interfaces()));
    for (const address of this.#voices.keys()) if (!wanted.has(address)) this.#close(address);
    for (const address of this.#refused.keys()) {
      if (!wanted.has(address)) this.#refused.delete(address);
    }
    const now = this.#options.clock.elapsed();
    return [...wanted].filter((address) =>
      !this.#voices.has(address) && (this.#refused.get(address)?.untilMs ?? 0) <= now
    ).map((address) => this.#open(address));
  }

  closeAll(): void {
    for (const address of this.#voices.keys()) this.#close(address);
  }

  /** Says goodbye on all, and closes them. */
  async leave(): Promise<void> {
    const voices = this.all;
    this.#voices.clear();
    await finishesWithin(Promise.all(voices.map((voice) => voice.leave())), LAN_GOODBYE_MS);
    for (const voice of voices) voice.close();
  }

  #open(address: string): LanVoice {
    this.#refused.delete(address);
    const voice: LanVoice = this.#options.create(address, (error) => {
      if (this.#voices.get(address) === voice) this.#onFailed(address, error);
    });
    this.#voices.set(address, voice);
    return voice;
  }

  #close(address: string): void {
    this.#voices.get(address)?.close();
    this.#voices.delete(address);
  }

  #onFailed(address: string, error: Error): void {
    const { clock, refused } = this.#options;
    this.#close(address);
    const problem = `Machines of the network of ${address} can't be found: ${reasonOf(error)}`;
    this.#refused.set(address, { problem, untilMs: clock.elapsed() + LAN_RETRY_MS });
    refused(problem);
  }
}

function reasonOf({ message }: Error): string {
  if (!message.includes("EADDRINUSE")) return message;
  return "another program keeps UDP port 5353, that of multicast DNS, for itself";
}
