import type { Logger } from "@logtape/logtape";
import { finishesWithin } from "../../base/finishes_within.ts";
import { type Bucket, take } from "../../base/token_bucket.ts";
import type { InterfaceAddress } from "../base/addresses.ts";
import type { Cancel, Clock } from "../base/clock.ts";
import type { LanPeer, LanView } from "../base/lan.ts";
import type { PeerId } from "../base/peer_id.ts";
import { asks, asMeshName, type DnsMessage, heardIn, newLabel } from "./advert.ts";
import {
  LAN_ASK_EVERY_MS,
  LAN_GOODBYE_MS,
  LAN_HUSH_MS,
  LAN_PACKET_RATE,
  LAN_RETRY_MS,
  LAN_TICK_MS,
} from "./defaults.ts";
import { lanInterfaces } from "./lan_interfaces.ts";
import { LanLog } from "./lan_log.ts";
import type { OpenLanSocket } from "./lan_socket.ts";
import { LanVoice } from "./lan_voice.ts";
import { Neighbours } from "./neighbours.ts";
import { MeshSeal } from "./seal.ts";

const FLOODED = "The local network is flooded with multicast DNS, so for " +
  `${LAN_HUSH_MS / 1_000} seconds this node neither looks for others there nor is found`;

function reasonOf({ message }: Error): string {
  if (!message.includes("EADDRINUSE")) return message;
  return "another program keeps UDP port 5353, that of multicast DNS, for itself";
}

/** The part of this node that is announced. */
export interface LanOffer {
  readonly name: string;
  /** UDP. */
  readonly port: number;
}

export interface LanOptions {
  readonly self: PeerId;
  readonly meshKey: Uint8Array;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly interfaces: () => readonly InterfaceAddress[];
  readonly open: OpenLanSocket;
  /** A client only listens. */
  readonly speaks: boolean;
  /** `null` while this node is not to be joined by. */
  readonly offer: () => LanOffer | null;
  /** The view has changed. */
  readonly changed: () => void;
  /** A machine of this mesh was found at an address that was not known. */
  readonly found: (peers: readonly PeerId[]) => void;
}

/** Finds nodes on the local network, and lets them find this one: multicast DNS on every interface. */
export class Lan {
  readonly #options: LanOptions;
  readonly #seal: MeshSeal;
  readonly #label = newLabel();
  readonly #neighbours: Neighbours;
  /** By the address of the interface. */
  readonly #voices = new Map<string, LanVoice>();
  /** Interfaces that refused, why, and when they are tried again. */
  readonly #refused = new Map<string, { readonly problem: string; readonly untilMs: number }>();
  readonly #log: LanLog;
  #bucket: Bucket | undefined;
  #hushedUntil = 0;
  #askAt = 0;
  #announced: string | null = null;
  #cancel: Cancel = () => {};
  #stopped = false;

  constructor(options: LanOptions) {
    this.#options = options;
    const { self, meshKey } = options;
    this.#log = new LanLog(options.logger);
    this.#seal = new MeshSeal(meshKey);
    this.#neighbours = new Neighbours({ label: this.#label, self, seal: this.#seal });
  }

  start(): void {
    this.#tick();
    this.#announced = this.#announcement();
  }

  /** This node may have something else to announce now: those who listen hear it without asking. */
  refresh(): void {
    const announcement = this.#announcement();
    if (this.#stopped || announcement === this.#announced) return;
    this.#announced = announcement;
    for (const voice of this.#voices.values()) {
      if (announcement === null) void voice.leave();
      else voice.tell();
    }
    this.#options.changed();
  }

  #announcement(): string | null {
    const offer = this.#offer();
    return offer === null ? null : `${offer.name} ${offer.port}`;
  }

  view(): LanView {
    const offer = this.#offer();
    return {
      state: offer === null ? "listening" : "announced",
      problem: this.#problem(),
      own: offer === null ? null : { name: offer.name, shortId: this.#seal.shortId },
      meshes: this.#neighbours.meshes(),
      peers: this.#neighbours.peers(),
    };
  }

  #problem(): string | null {
    if (this.#options.clock.elapsed() < this.#hushedUntil) return FLOODED;
    const [refused] = this.#refused.values();
    return refused?.problem ?? null;
  }

  /** Machines of this mesh. */
  peers(): readonly LanPeer[] {
    return this.#neighbours.peers();
  }

  addressesOf(peer: PeerId): readonly string[] {
    return this.peers().find((one) => one.peer === peer)?.addresses ?? [];
  }

  /** Says goodbye. Safe to call twice. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#cancel();
    const voices = [...this.#voices.values()];
    this.#voices.clear();
    await finishesWithin(Promise.all(voices.map((voice) => voice.leave())), LAN_GOODBYE_MS);
    for (const voice of voices) voice.close();
  }

  /** `null` for a client, and while this node is not to be joined by. */
  #offer(): LanOffer | null {
    if (!this.#options.speaks) return null;
    const offer = this.#options.offer();
    return offer === null ? null : { ...offer, name: asMeshName(offer.name) };
  }

  #tick(): void {
    if (this.#stopped) return;
    const { clock } = this.#options;
    const now = clock.elapsed();
    if (now >= this.#hushedUntil) this.#follow(now);
    if (this.#options.speaks && now >= this.#askAt) {
      for (const voice of this.#voices.values()) voice.ask();
      this.#askAt = now + LAN_ASK_EVERY_MS;
    }
    if (this.#neighbours.expire(now)) this.#options.changed();
    this.#cancel = clock.after(LAN_TICK_MS, () => this.#tick());
  }

  /** Has a voice on each interface that is there. */
  #follow(now: number): void {
    const wanted = new Set(lanInterfaces(this.#options.interfaces()));
    for (const [address, voice] of this.#voices) {
      if (wanted.has(address)) continue;
      voice.close();
      this.#voices.delete(address);
    }
    for (const address of this.#refused.keys()) {
      if (!wanted.has(address)) this.#refused.delete(address);
    }
    for (const address of wanted) {
      const isRefused = (this.#refused.get(address)?.untilMs ?? 0) > now;
      if (!isRefused && !this.#voices.has(address)) this.#open(address);
    }
  }

  #open(address: string): void {
    const { clock, self, speaks, open } = this.#options;
    this.#refused.delete(address);
    const voice: LanVoice = new LanVoice({
      address,
      self,
      label: this.#label,
      seal: this.#seal,
      clock,
      offer: () => this.#offer(),
      failed: (error) => this.#onFailed(address, voice, error),
      open: () =>
        open(address, {
          asked: (message) => this.#onAsked(message, voice),
          told: (message, from) => this.#onTold(message, from),
          counted: () => this.#onCounted(),
          failed: (error) => this.#onFailed(address, voice, error),
        }),
    });
    this.#voices.set(address, voice);
    if (speaks) voice.begin();
  }

  #onAsked(message: DnsMessage, voice: LanVoice): void {
    if (asks(message)) voice.tell();
  }

  #onTold(message: DnsMessage, from: string): void {
    const now = this.#options.clock.elapsed();
    if (this.#stopped || now < this.#hushedUntil) return;
    const before = new Set(this.#neighbours.peers().flatMap(({ addresses }) => addresses));
    let changed = false;
    for (const heard of heardIn(message)) {
      changed = this.#neighbours.hear(heard, from, now) || changed;
    }
    this.#log.copy(this.#neighbours.copyAt);
    if (!changed) return;
    const found = this.#neighbours.peers().filter(({ addresses }) =>
      addresses.some((address) => !before.has(address))
    );
    if (found.length > 0) this.#options.found(found.map(({ peer }) => peer));
    this.#log.meshes(this.#neighbours.meshes());
    this.#options.changed();
  }

  /** A flood would take a core: nobody listens until it may be over. */
  #onCounted(): void {
    const { clock, changed } = this.#options;
    const now = clock.elapsed();
    const { bucket, allowed } = take(this.#bucket, LAN_PACKET_RATE, now);
    this.#bucket = bucket;
    if (allowed || now < this.#hushedUntil) return;
    this.#hushedUntil = now + LAN_HUSH_MS;
    for (const voice of this.#voices.values()) voice.close();
    this.#voices.clear();
    this.#log.problem(FLOODED, "warn");
    changed();
  }

  #onFailed(address: string, voice: LanVoice, error: Error): void {
    if (this.#voices.get(address) !== voice) return;
    const { clock, changed } = this.#options;
    voice.close();
    this.#voices.delete(address);
    const problem = `Machines of the network of ${address} can't be found: ${reasonOf(error)}`;
    this.#refused.set(address, { problem, untilMs: clock.elapsed() + LAN_RETRY_MS });
    this.#log.problem(problem, "info");
    changed();
  }
}
