import type { Cancel, Clock } from "../base/clock.ts";
import { RELAY_COALESCE_MS } from "../base/defaults.ts";
import { relayFanout } from "./overlay.ts";
import type { MeshRecord } from "./record.ts";
import type { PeerId } from "../base/peer_id.ts";

export interface RelaySituation {
  /** Peers with a gossip link. */
  readonly linked: readonly PeerId[];
  /** The peers that sent it here while it waited to be passed on. */
  readonly heardFrom: readonly PeerId[];
  /** The peers that have it from its signer directly, as far as the signer announces its connections. */
  readonly told: Readonly<Record<string, number>>;
  /** Living members. */
  readonly members: number;
  readonly random: () => number;
}

/**
 * To whom a record is passed on: neighbours by chance among those that may not have heard it. Each
 * neighbour that has sent it too is one less to be told: the more have it, the fewer have to hear it.
 */
export function relayTargets(record: MeshRecord, situation: RelaySituation): PeerId[] {
  const { linked, heardFrom, told, members, random } = situation;
  const { signer, subject } = record;
  const count = relayFanout(members) - (heardFrom.length - 1);
  const pool = [...linked];
  const targets: PeerId[] = [];
  for (let i = 0; i < pool.length && targets.length < count; i++) {
    const j = i + Math.floor(random() * (pool.length - i));
    const peer = pool[j] as PeerId;
    pool[j] = pool[i] as PeerId;
    const isDeaf = peer !== signer && peer !== subject && told[peer] === undefined;
    if (isDeaf && !heardFrom.includes(peer)) targets.push(peer);
  }
  return targets;
}

/** News that wait to be passed on: they come in bursts, and from several sides. */
export class Relay {
  readonly #pass: (record: MeshRecord, heardFrom: readonly PeerId[]) => void;
  readonly #clock: Pick<Clock, "after">;
  /** And from whom they came. */
  readonly #waiting = new Map<MeshRecord, PeerId[]>();
  #cancel: Cancel | undefined;

  constructor(
    pass: (record: MeshRecord, heardFrom: readonly PeerId[]) => void,
    clock: Pick<Clock, "after">,
  ) {
    this.#pass = pass;
    this.#clock = clock;
  }

  /** The record was new to this node. */
  heard(record: MeshRecord, from: PeerId): void {
    this.#waiting.set(record, [from]);
    this.#cancel ??= this.#clock.after(RELAY_COALESCE_MS, () => this.#passAll());
  }

  /** Another peer has it as well. */
  heardAgain(record: MeshRecord, from: PeerId): void {
    const heardFrom = this.#waiting.get(record);
    if (heardFrom?.includes(from) === false) heardFrom.push(from);
  }

  stop(): void {
    this.#cancel?.();
    this.#waiting.clear();
  }

  #passAll(): void {
    this.#cancel = undefined;
    for (const [record, heardFrom] of this.#waiting) this.#pass(record, heardFrom);
    this.#waiting.clear();
  }
}
