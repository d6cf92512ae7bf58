/** Ways over members that both ends of a pair open whenever they like, each seen by the other a while later. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { DatagramPath } from "../../../src/mesh/base/datagram_path.ts";
import type { PeerId } from "../../../src/mesh/base/peer_id.ts";
import { MAX_RELAY_WAYS } from "../../../src/mesh/reach/defaults.ts";
import { RelayWays } from "../../../src/mesh/reach/mod.ts";

type Message = "confirmation" | "closing" | Uint8Array;

/** One end of a way. Its messages arrive in order, but those of other ways may overtake them. */
class Path implements DatagramPath {
  onDatagram: DatagramPath["onDatagram"];
  readonly inbox: Message[] = [];
  other: Path | undefined;
  isClosed = false;

  send(datagram: Uint8Array): void {
    if (!this.isClosed) this.other?.inbox.push(datagram);
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.other?.inbox.push("closing");
  }
}

function newWay(): readonly [Path, Path] {
  const ends = [new Path(), new Path()] as const;
  [ends[0].other, ends[1].other] = [ends[1], ends[0]];
  return ends;
}

const BY = "carrier" as PeerId;

class Pair {
  readonly heard: [number, number] = [0, 0];
  /** An end without a way has to look for one. */
  stranded = 0;
  readonly #ways = [newWay()];
  readonly #timers = new Set<() => void>();
  readonly #ends: readonly RelayWays[];

  constructor() {
    const clock = {
      after: (_ms: number, run: () => void) => {
        this.#timers.add(run);
        return () => this.#timers.delete(run);
      },
    };
    this.#ends = [0, 1].map((at) => {
      const first = { by: BY, path: this.#ways[0]![at]! };
      const ways = new RelayWays(first, { decides: at === 0, clock });
      ways.onDatagram = () => this.heard[at]! += 1;
      return ways;
    });
  }

  /** The other end has it first; the one that opens it hears of that. */
  open(at: number): void {
    if (this.#ways.length >= MAX_RELAY_WAYS) return;
    const ends = newWay();
    this.#ways.push(ends);
    this.#ends[1 - at]!.add({ by: BY, path: ends[1 - at]! });
    ends[at]!.inbox.push("confirmation");
  }

  send(at: number): void {
    this.#ends[at]!.send(new Uint8Array(1));
  }

  /** @returns false where nothing is on its way to that end of that way. */
  arrive(at: number, way: number): boolean {
    const path = this.#ways[way % this.#ways.length]![at]!;
    const message = path.inbox.shift();
    if (message === "confirmation") this.#ends[at]!.add({ by: BY, path });
    else if (message === "closing") this.stranded += this.#ends[at]!.lost(path) ? 1 : 0;
    else if (message !== undefined) path.onDatagram?.(message);
    return message !== undefined;
  }

  /** Until nothing is on its way. */
  settle(): void {
    while (this.#ways.some((_, way) => this.arrive(0, way) || this.arrive(1, way)));
  }

  linger(): void {
    for (const run of [...this.#timers]) run();
    this.#timers.clear();
  }

  /** Ways that are open at both ends. */
  get openWays(): number {
    return this.#ways.filter((ends) => ends.every(({ isClosed }) => !isClosed)).length;
  }
}

const end = fc.nat(1);
const deed = fc.oneof(
  fc.record({ what: fc.constant("open" as const), at: end }),
  fc.record({ what: fc.constant("send" as const), at: end }),
  fc.record({ what: fc.constant("arrive" as const), at: end, way: fc.nat(MAX_RELAY_WAYS - 1) }),
);

Deno.test("ways that both ends open at once leave one that both use, and neither end without", () => {
  fc.assert(fc.property(fc.array(deed, { maxLength: 40 }), (deeds) => {
    const pair = new Pair();
    for (const one of deeds) {
      if (one.what === "arrive") pair.arrive(one.at, one.way);
      else pair[one.what](one.at);
    }
    pair.settle();
    pair.linger();
    pair.settle();
    assert.deepEqual([pair.stranded, pair.openWays], [0, 1]);
    const before = [...pair.heard];
    for (const at of [0, 1]) {
      pair.send(at);
      pair.settle();
    }
    assert.deepEqual(pair.heard, before.map((count) => count + 1));
  }));
});
