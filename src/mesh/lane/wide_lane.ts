import type { Logger } from "@logtape/logtape";
import { reasonOf } from "../../base/as_error.ts";
import type { Clock } from "../base/clock.ts";
import type { MeshConfig } from "../base/config.ts";
import type { Counters } from "../base/counters.ts";
import type { PeerId } from "../base/peer_id.ts";
import type { MemberRole } from "../base/roles.ts";
import type { IncomingStream, NetworkStream, PeerConnection } from "../link/network.ts";
import type { PeerNetwork } from "../link/peer_network.ts";
import type { StreamLane } from "../link/stream_lane.ts";
import { SpareCounts } from "./anchors.ts";
import { LANE_RATE, LISTEN_AGAIN_MS, MAX_LANES } from "./defaults.ts";
import { LaneDialer } from "./lane_dialer.ts";
import { LaneHost } from "./lane_host.ts";
import { LANE_PROTOCOL } from "./lane_wire.ts";

export interface WideLaneParts {
  readonly self: PeerId;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly logger: Logger;
  /** How long a stream waits for a way by TCP. */
  readonly patienceMs?: number;
}

/**
 * Streams over TLS on TCP beside a QUIC connection, for what is large: they go at several times its speed. The
 * certificate and a secret for each connection come over the QUIC connection, so nothing new is trusted.
 */
export class WideLane implements StreamLane {
  readonly #spares = new SpareCounts();
  readonly #host: LaneHost;
  readonly #dialer: LaneDialer;

  readonly #clock: Clock;
  readonly #logger: Logger;
  #hasWarned = false;
  #cancel = () => {};

  constructor(parts: WideLaneParts) {
    this.#clock = parts.clock;
    this.#logger = parts.logger;
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

  /** Only streams to others go by TCP while somebody else has the port; it is tried again. */
  listen(port: number): void {
    try {
      this.#host.listen(port);
    } catch (error) {
      if (!this.#hasWarned) {
        this.#logger.warn(
          "TCP port {port} can't be had ({reason}), so RPC and files from other machines come over QUIC, " +
            "which is slower: end the program that has it, or choose another port with --bind-port",
          { port, reason: reasonOf(error) },
        );
      }
      this.#hasWarned = true;
      this.#cancel = this.#clock.after(LISTEN_AGAIN_MS, () => this.listen(port));
    }
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
    this.#cancel();
    this.#dialer.stop();
    this.#host.stop();
  }
}

/** Of a member that may have one; its streams are of members alone. */
export function openLane(
  { config, role }: { readonly config: Pick<MeshConfig, "wideLane">; readonly role: MemberRole },
  parts: WideLaneParts,
): WideLane | undefined {
  return config.wideLane && role === "member" ? new WideLane(parts) : undefined;
}
