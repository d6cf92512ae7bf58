import type { Logger } from "@logtape/logtape";
import type { Clock } from "../base/clock.ts";
import type { Counters } from "../base/counters.ts";
import type { PeerId } from "../base/peer_id.ts";
import type { IncomingStream, NetworkStream, PeerConnection } from "../link/network.ts";
import type { PeerNetwork } from "../link/peer_network.ts";
import type { StreamLane } from "../link/stream_lane.ts";
import { SpareCounts } from "./anchors.ts";
import { LANE_RATE, MAX_LANES } from "./defaults.ts";
import { LaneDialer } from "./lane_dialer.ts";
import { LaneHost } from "./lane_host.ts";
import { LANE_PROTOCOL } from "./lane_wire.ts";

export interface WideLaneParts {
  readonly self: PeerId;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly logger: Logger;
}

/**
 * Streams over TLS on TCP beside a QUIC connection, for what is large: they go at several times its speed. The
 * certificate and a secret for each connection come over the QUIC connection, so nothing new is trusted.
 */
export class WideLane implements StreamLane {
  readonly #spares = new SpareCounts();
  readonly #host: LaneHost;
  readonly #dialer: LaneDialer;

  constructor(parts: WideLaneParts) {
    const shared = { ...parts, spares: this.#spares };
    this.#host = new LaneHost(shared);
    this.#dialer = new LaneDialer(shared);
  }

  /** Answers members that ask for a connection. */
  answer(peers: Pick<PeerNetwork, "handle">): void {
    peers.handle(
      LANE_PROTOCOL,
      { maxStreams: MAX_LANES, rate: LANE_RATE },
      (stream, peer, connection) => this.#host.answer(stream, peer.id, connection),
    );
  }

  /** @throws where the TCP port can't be had: streams to others still go by TCP then */
  listen(port: number): void {
    this.#host.listen(port);
  }

  handle(protocol: string, maxStreams: number, incoming: IncomingStream): void {
    this.#host.handle(protocol, maxStreams, incoming);
  }

  open(
    protocol: string,
    connection: PeerConnection,
    signal: AbortSignal,
  ): Promise<NetworkStream | undefined> {
    return this.#dialer.open(protocol, connection, signal);
  }

  sparesOf(connection: PeerConnection): number {
    return this.#spares.of(connection);
  }

  stop(): void {
    this.#dialer.stop();
    this.#host.stop();
  }
}
