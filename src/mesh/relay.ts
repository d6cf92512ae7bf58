import type { Cancel, Clock } from "./clock.ts";
import { RELAY_COALESCE_MS } from "./defaults.ts";
import { relayFanout } from "./overlay.ts";
import type { MeshRecord } from "./record.ts";
import type { PeerId } from "./types.ts";

export interface RelaySituation {
  /** Peers with a gossip link. */
  readonly linked: readonly PeerId[];
  /** Who sent it here, while it waited to be passed on. */
  readonly heardFrom: ReadonlySet<PeerId>;
  /** Who has it from its signer's own hand, as far as the signer says to whom it is connected. */
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
  const deaf = linked.filter((peer) =>
    !heardFrom.has(peer) && peer !== signer && peer !== subject && told[peer] === undefined
  );
  const again = Math.max(heardFrom.size - 1, 0);
  const count = Math.min(Math.max(relayFanout(members) - again, 0), deaf.length);
  for (let i = 0; i < count; i++) {
    const j = i + Math.floor(random() * (deaf.length - i));
    [deaf[i], deaf[j]] = [deaf[j] as PeerId, deaf[i] as PeerId];
  }
  return deaf.slice(0, count);
}

/** News that wait to be passed on: they come in bursts, and from several sides. */
export class Relay {
  readonly #pass: (record: MeshRecord, heardFrom: ReadonlySet<PeerId>) => void;
  readonly #clock: Pick<Clock, "after">;
  /** And from whom they came. */
  readonly #waiting = new Map<MeshRecord, Set<PeerId>>();
  #cancel: Cancel | undefined;

  constructor(
    pass: (record: MeshRecord, heardFrom: ReadonlySet<PeerId>) => void,
    clock: Pick<Clock, "after">,
  ) {
    this.#pass = pass;
    this.#clock = clock;
  }

  /** The record was new to this node. */
  heard(record: MeshRecord, from: PeerId): void {
    this.#waiting.set(record, new Set([from]));
    this.#cancel ??= this.#clock.after(RELAY_COALESCE_MS, () => this.#passAll());
  }

  /** Another peer has it as well. */
  heardAgain(record: MeshRecord, from: PeerId): void {
    this.#waiting.get(record)?.add(from);
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
