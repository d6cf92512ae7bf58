import type { DatagramPath } from "../base/datagram_path.ts";
import type { Cancel, Clock } from "../base/clock.ts";
import type { PeerId } from "../base/peer_id.ts";
import { BUSY_MS, SLEPT_MS } from "./defaults.ts";
import type { DirectPeer, DirectSocket } from "./direct_socket.ts";
import {
  answered,
  chosenCandidate,
  heard,
  moved,
  type PathState,
  RELAYED,
  step,
  told,
} from "./path_choice.ts";
import type { UdpEnd } from "./udp_end.ts";

export interface RoamingPathOptions {
  readonly peer: PeerId;
  /** Over members. Closed with this path. */
  readonly relay: DatagramPath;
  readonly socket: DirectSocket;
  readonly clock: Clock;
  /** The peer sees this node there. */
  readonly onSeen?: (end: UdpEnd) => void;
  /** The path has changed. */
  readonly onChange?: () => void;
}

/** The way to one peer, as it is now. */
export type Way =
  | { readonly kind: "relayed" }
  | { readonly kind: "direct"; readonly end: UdpEnd; readonly rttMs: number };

/** Over a member at first, and directly while that works: carries out what `path_choice.ts` decides. */
export class RoamingPath implements DatagramPath {
  onDatagram: DatagramPath["onDatagram"];
  readonly #options: RoamingPathOptions;
  #direct: DirectPeer | undefined;
  #state: PathState = RELAYED;
  #end: UdpEnd | undefined;
  #usedMs = -Infinity;
  #dueMs = Infinity;
  #cancel: Cancel = () => {};
  #isClosed = false;

  constructor(options: RoamingPathOptions) {
    this.#options = options;
    options.relay.onDatagram = (datagram) => this.#deliver(datagram);
  }

  /** Both ends have agreed on a secret, as `DirectSocket.open` has it: from now on they may meet. */
  agree(secret: Uint8Array): void {
    const { peer, socket, clock, onSeen } = this.#options;
    if (this.#isClosed) return;
    this.#direct?.close();
    this.#direct = socket.open(peer, secret, {
      heard: (from) => this.#update(heard(this.#state, from, clock.elapsed())),
      answered: (from, rttMs, seen) => {
        this.#update(answered(this.#state, from, rttMs, clock.elapsed()));
        onSeen?.(seen);
      },
      datagram: (datagram) => this.#deliver(datagram),
    });
    this.#update(RELAYED);
  }

  get way(): Way {
    const chosen = chosenCandidate(this.#state);
    if (chosen === undefined) return { kind: "relayed" };
    return { kind: "direct", end: chosen.end, rttMs: chosen.rttMs };
  }

  send(datagram: Uint8Array): void {
    this.#use();
    if (this.#end === undefined) this.#options.relay.send(datagram);
    else this.#direct?.send(datagram, this.#end);
  }

  /** The peer has told where it may be. */
  told(ends: readonly UdpEnd[]): void {
    const { socket, clock } = this.#options;
    this.#update(told(this.#state, ends.filter((end) => socket.mayAsk(end)), clock.elapsed()));
  }

  /** This machine has other addresses than before. */
  moved(): void {
    this.#update(moved(this.#state));
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancel();
    this.#direct?.close();
    this.#options.relay.onDatagram = undefined;
    this.#options.relay.close();
  }

  #deliver(datagram: Uint8Array): void {
    this.#use();
    this.onDatagram?.(datagram);
  }

  /** Datagrams are many: only the first after a silence changes what is due. */
  #use(): void {
    const now = this.#options.clock.elapsed();
    const wasBusy = now - this.#usedMs <= BUSY_MS;
    this.#usedMs = now;
    if (!wasBusy) this.#update(this.#state);
  }

  #update(state: PathState): void {
    if (this.#isClosed) return;
    this.#cancel();
    const now = this.#options.clock.elapsed();
    const before = this.#end?.key;
    const taken = step(now - this.#dueMs > SLEPT_MS ? moved(state) : state, now, this.#usedMs);
    this.#state = taken.state;
    this.#end = chosenCandidate(taken.state)?.end;
    for (const { end, isProven } of taken.asks) this.#direct?.ask(end, isProven);
    this.#dueMs = taken.nextMs;
    if (taken.nextMs < Infinity) {
      this.#cancel = this.#options.clock.after(taken.nextMs - now, () => this.#update(this.#state));
    }
    if (this.#end?.key !== before) this.#options.onChange?.();
  }
}
