import type { Logger } from "@logtape/logtape";
import { type Bucket, take } from "../../base/token_bucket.ts";
import type { InterfaceAddress } from "../base/addresses.ts";
import type { Cancel, Clock } from "../base/clock.ts";
import type { LanPeer, LanView } from "../base/lan.ts";
import type { PeerId } from "../base/peer_id.ts";
import { asks, asMeshName, type DnsMessage, heardIn, newLabel } from "./advert.ts";
import { LAN_ASK_EVERY_MS, LAN_HUSH_MS, LAN_PACKET_RATE, LAN_TICK_MS } from "./defaults.ts";
import { LanLog } from "./lan_log.ts";
import type { OpenLanSocket } from "./lan_socket.ts";
import { LanVoice } from "./lan_voice.ts";
import { LanVoices } from "./lan_voices.ts";
import { Neighbours } from "./neighbours.ts";
import { MeshSeal } from "./seal.ts";

const FLOODED = "The local network is flooded with multicast DNS, so for " +
  `${LAN_HUSH_MS / 1_000} seconds this node neither looks for others there nor is found`;

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
  readonly #voices: LanVoices;
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
    this.#voices = new LanVoices({
      ...options,
      create: (address, failed) => this.#createVoice(address, failed),
      refused: (problem) => {
        this.#log.problem(problem, "info");
        options.changed();
      },
    });
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
    for (const voice of this.#voices.all) {
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
    const isHushed = this.#options.clock.elapsed() < this.#hushedUntil;
    return isHushed ? FLOODED : this.#voices.problem;
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
    await this.#voices.leave();
  }

  /** `null` for a client, and while this node is not to be joined by. */
  #offer(): LanOffer | null {
    if (!this.#options.speaks) return null;
    const offer = this.#options.offer();
    return offer === null ? null : { ...offer, name: asMeshName(offer.name) };
  }

  /** One that fails is not the last. */
  #tick(): void {
    if (this.#stopped) return;
    const { clock } = this.#options;
    this.#cancel = clock.after(LAN_TICK_MS, () => this.#tick());
    const now = clock.elapsed();
    if (now >= this.#hushedUntil) this.#follow();
    if (this.#neighbours.expire(now)) this.#options.changed();
  }

  #follow(): void {
    const { clock, speaks } = this.#options;
    const begun = this.#voices.follow();
    if (!speaks) return;
    for (const voice of begun) voice.begin();
    if (clock.elapsed() < this.#askAt) return;
    for (const voice of this.#voices.all) if (!begun.includes(voice)) voice.ask();
    this.#askAt = clock.elapsed() + LAN_ASK_EVERY_MS;
  }

  #createVoice(address: string, failed: (error: Error) => void): LanVoice {
    const { clock, self, open } = this.#options;
    const events = {
      asked: (message: DnsMessage) => this.#onAsked(message, voice),
      told: (message: DnsMessage, from: string) => this.#onTold(message, from),
      counted: () => this.#onCounted(),
      failed,
    };
    const voice: LanVoice = new LanVoice({
      address,
      self,
      label: this.#label,
      seal: this.#seal,
      clock,
      offer: () => this.#offer(),
      failed,
      open: () => open(address, events),
    });
    return voice;
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
    this.#voices.closeAll();
    this.#log.problem(FLOODED, "warn");
    changed();
  }
}
