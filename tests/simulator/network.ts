/** A network of connections that lose, delay, repeat and reorder what crosses them, and that can be cut. */

import { MESH_TIMINGS } from "../../src/mesh/config.ts";
import type { MeshRecord } from "../../src/mesh/gossip/record.ts";
import type { PeerId } from "../../src/mesh/base/peer_id.ts";
import type { Random } from "./random.ts";
import type { SimNode } from "./sim_node.ts";
import type { VirtualTime } from "./virtual_time.ts";

/** The disturbance of messages at this moment. */
export interface Weather {
  /** Probabilities for each message. */
  readonly loss: number;
  readonly duplication: number;
  /** Probability of a message that is late by up to `reorderMs`, so that others overtake it. */
  readonly reordering: number;
  readonly reorderMs: number;
  /** All delays are multiplied by it. */
  readonly slowness: number;
}

export const CALM: Weather = {
  loss: 0,
  duplication: 0,
  reordering: 0,
  reorderMs: 0,
  slowness: 1,
};

/** As QUIC keeps it: silence counts from the first keep-alive without an answer. */
const { idleMs, keepAliveMs } = MESH_TIMINGS;
const IDLE_MS = { least: idleMs, most: keepAliveMs + idleMs } as const;

/** How long the dial of an address that does not answer lasts. */
const DIAL_TIMEOUT_MS = 2_000;

export interface Connection {
  readonly id: number;
  readonly dialer: SimNode;
  readonly listener: SimNode;
  /** The lives of both ends: a process that starts again has nothing of the old connections. */
  readonly lives: readonly [number, number];
  /** Whether the dialler's, and the listener's end is open. */
  readonly open: [boolean, boolean];
}

export interface Traffic {
  /** Messages with records. */
  pushes: number;
  /** Records in them. */
  records: number;
  /** Pings, pongs and all else. */
  controls: number;
  dials: number;
}

export class SimNetwork {
  weather: Weather = CALM;
  readonly traffic: Traffic = { pushes: 0, records: 0, controls: 0, dials: 0 };
  readonly #time: VirtualTime;
  readonly #random: Random;
  /** The part of the network that a node is in while it is cut; who is in none reaches all. */
  readonly #parts = new Map<SimNode, number>();
  readonly #latency: (a: SimNode, b: SimNode) => number;
  #connections = 0;

  constructor(
    time: VirtualTime,
    random: Random,
    latency: (a: SimNode, b: SimNode) => number,
  ) {
    this.#time = time;
    this.#random = random;
    this.#latency = latency;
  }

  /** Puts nodes into a part of the network that no other part reaches, but for nodes in none. */
  cut(nodes: Iterable<SimNode>, part: number): void {
    for (const node of nodes) this.#parts.set(node, part);
  }

  heal(): void {
    this.#parts.clear();
  }

  reachable(a: SimNode, b: SimNode): boolean {
    const [partOfA, partOfB] = [this.#parts.get(a), this.#parts.get(b)];
    return partOfA === partOfB || partOfA === undefined || partOfB === undefined;
  }

  delayMs(from: SimNode, to: SimNode): number {
    const { slowness, reordering, reorderMs } = this.weather;
    const late = this.#random.chance(reordering) ? this.#random.next() * reorderMs : 0;
    return this.#latency(from, to) * slowness * (0.9 + this.#random.next() * 0.2) + late;
  }

  /** Carries a message over a connection, or not. */
  transmit(from: SimNode, connection: Connection, deliver: (to: SimNode) => void): void {
    const to = otherEnd(connection, from);
    const { loss, duplication } = this.weather;
    const copies = this.#random.chance(loss) ? 0 : this.#random.chance(duplication) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      this.#time.at(this.#time.now + this.delayMs(from, to), () => {
        if (!this.reachable(from, to) || !isOpenAt(connection, to)) return;
        to.whenAwake(() => isOpenAt(connection, to) && deliver(to));
      });
    }
  }

  /** A handshake and a join; both ends have admitted each other when it resolves. */
  dial(from: SimNode, to: SimNode, signal: AbortSignal): Promise<Connection> {
    const { promise, resolve, reject } = Promise.withResolvers<Connection>();
    this.traffic.dials += 1;
    const life = from.life;
    const giveUp = () => reject(new Error(`${to.name} does not answer`));
    if (signal.aborted) giveUp();
    signal.addEventListener("abort", giveUp, { once: true });
    const cancelTimeout = this.#time.at(this.#time.now + DIAL_TIMEOUT_MS, giveUp);
    const answered = (connection: Connection) => {
      cancelTimeout();
      resolve(connection);
    };
    this.#arrive(from, to, () =>
      to.whenAwake(() => {
        if (!to.running || signal.aborted) return;
        const connection: Connection = {
          id: ++this.#connections,
          dialer: from,
          listener: to,
          lives: [life, to.life],
          open: [true, true],
        };
        to.admitted(connection);
        const isTaken = () => this.#opened(connection, signal, answered);
        this.#arrive(to, from, isTaken, () => this.#idleOut(connection, to));
      }));
    return promise;
  }

  /** Whether a handshake that needs nothing but the process to be there comes through. */
  handshake(from: SimNode, to: SimNode, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => reject(new Error("No answer")), { once: true });
    this.#arrive(from, to, () => to.running && this.#arrive(to, from, resolve));
    return promise;
  }

  /** One end closes; the other hears of it, or has to find out. */
  close(connection: Connection, by: SimNode): void {
    const other = otherEnd(connection, by);
    this.#closeEnd(connection, by);
    this.#arrive(
      by,
      other,
      () => this.#closeEnd(connection, other),
      () => this.#idleOut(connection, other),
    );
  }

  /** A process or a path is gone without a word. */
  fallSilent(connection: Connection, heardBy: SimNode): void {
    this.#idleOut(connection, heardBy);
  }

  #opened(connection: Connection, signal: AbortSignal, resolve: (c: Connection) => void): void {
    const { dialer } = connection;
    if (signal.aborted || !isOpenAt(connection, dialer)) {
      this.close(connection, dialer);
      return;
    }
    dialer.admitted(connection);
    resolve(connection);
  }

  #arrive(from: SimNode, to: SimNode, then: () => void, lost: () => void = () => {}): void {
    this.#time.at(this.#time.now + this.delayMs(from, to), () => {
      if (this.reachable(from, to)) then();
      else lost();
    });
  }

  /** Closes an end that hears nothing any more, unless the path is whole again by then. */
  #idleOut(connection: Connection, end: SimNode): void {
    const { least, most } = IDLE_MS;
    this.#time.at(this.#time.now + this.#random.between(least, most), () => {
      const other = otherEnd(connection, end);
      if (isOpenAt(connection, other) && this.reachable(end, other)) return;
      this.#closeEnd(connection, end);
    });
  }

  #closeEnd(connection: Connection, end: SimNode): void {
    if (!isOpenAt(connection, end)) return;
    connection.open[end === connection.dialer ? 0 : 1] = false;
    end.closed(connection);
  }
}

export function otherEnd({ dialer, listener }: Connection, end: SimNode): SimNode {
  return end === dialer ? listener : dialer;
}

export function isOpenAt({ dialer, lives, open }: Connection, end: SimNode): boolean {
  const side = end === dialer ? 0 : 1;
  return open[side] && end.running && end.life === lives[side];
}

/** Signed records as they travel in the simulator: bytes that only their number tells apart. */
export class Signatures {
  readonly #records: MeshRecord[] = [];

  sign(record: Omit<MeshRecord, "bytes">): MeshRecord {
    const bytes = new Uint8Array(4);
    const signed: MeshRecord = { ...record, bytes };
    new DataView(bytes.buffer).setUint32(0, this.#records.push(signed));
    return signed;
  }

  /** @throws for bytes that nobody has signed. */
  open(bytes: Uint8Array): MeshRecord {
    const { buffer, byteOffset } = bytes;
    const record = this.#records[new DataView(buffer, byteOffset).getUint32(0) - 1];
    if (record === undefined) throw new Error("The record's signature is wrong");
    return record;
  }
}

export type Peers = ReadonlyMap<PeerId, SimNode>;
