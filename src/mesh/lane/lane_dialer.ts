import type { Logger } from "@logtape/logtape";
import { reasonOf } from "../../base/as_error.ts";
import { Deadline } from "../../base/deadline.ts";
import { raceSignal } from "../../base/race_signal.ts";
import type { Clock } from "../base/clock.ts";
import type { PeerId } from "../base/peer_id.ts";
import type { NetworkStream, PeerConnection } from "../link/network.ts";
import { ConnectionLostError } from "../quic/mod.ts";
import { Anchor, type Lane, type SpareCounts } from "./anchors.ts";
import { pemOf } from "./certificate.ts";
import {
  LANE_DIAL_MS,
  LANE_PATIENCE_MS,
  LANE_RETRY_MAX_MS,
  LANE_RETRY_MS,
  SPARE_IDLE_MS,
  SPARE_LANES,
} from "./defaults.ts";
import { FRAME } from "./frames.ts";
import { LaneChannel } from "./lane_channel.ts";
import { LaneStream, SilentLaneError } from "./lane_stream.ts";
import { ownAuthorities } from "./own_authorities.ts";
import { askForLane, encodeGreeting, LANE_PROTOCOL, type LaneOffer } from "./lane_wire.ts";

export interface LaneDialerParts {
  readonly self: PeerId;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly spares: SpareCounts;
  /** @default {LANE_PATIENCE_MS} */
  readonly patienceMs?: number;
}

/** A connection that has shown its secret and waits for a stream. */
interface Spare extends Lane {
  /** It has its stream. */
  readonly taken: () => void;
}

/** The way to a peer, as far as it is known; it goes with the QUIC connection. */
interface Way {
  readonly spares: Spare[];
  failures: number;
  retryAtMs: number;
  isRefilling: boolean;
  /** A connection is being made for which no stream waits any more. */
  isDialling: boolean;
}

/** The peer has no lane, or no room for this stream. */
class NoLaneError extends Error {
  override name = "NoLaneError";
}

/** The end of the lane that connects. Whatever fails, the QUIC connection is there. */
export class LaneDialer {
  readonly #parts: LaneDialerParts;
  readonly #ways = new WeakMap<PeerConnection, Way>();
  readonly #stopping = new AbortController();

  constructor(parts: LaneDialerParts) {
    this.#parts = parts;
  }

  /** `undefined` where there is no way by TCP now. @throws the signal's reason */
  async open(
    protocol: string,
    connection: PeerConnection,
    signal: AbortSignal,
  ): Promise<NetworkStream | undefined> {
    const host = ownAuthorities() === null ? tcpHostOf(connection.remoteAddress) : undefined;
    const way = this.#wayOf(connection);
    if (host === undefined || this.#parts.clock.elapsed() < way.retryAtMs) return undefined;
    const { patienceMs = LANE_PATIENCE_MS } = this.#parts;
    using patience = Deadline.forStep(patienceMs, "The way by TCP", signal);
    try {
      const stream = await this.#openBySpare(protocol, way, patience.signal) ??
        await this.#openAnew(protocol, { connection, host, way }, patience.signal);
      if (stream === undefined) return undefined;
      way.failures = 0;
      this.#own(this.#refill(connection, host), connection);
      return stream;
    } catch (error) {
      signal.throwIfAborted();
      this.#failed(way, connection, error);
      return undefined;
    }
  }

  stop(): void {
    this.#stopping.abort(new Error("This node stops"));
  }

  #wayOf(connection: PeerConnection): Way {
    const known = this.#ways.get(connection);
    if (known !== undefined) return known;
    const way = {
      spares: [],
      failures: 0,
      retryAtMs: -Infinity,
      isRefilling: false,
      isDialling: false,
    };
    this.#ways.set(connection, way);
    return way;
  }

  #failed(way: Way, { peer }: PeerConnection, error: unknown): void {
    const { clock, logger } = this.#parts;
    // Several streams may fail at once.
    if (clock.elapsed() < way.retryAtMs) return;
    const waitMs = Math.min(LANE_RETRY_MS * 2 ** way.failures, LANE_RETRY_MAX_MS);
    way.failures += 1;
    way.retryAtMs = clock.elapsed() + waitMs;
    logger.debug("Streams to {peer} go over QUIC: {reason}", { peer, reason: reasonOf(error) });
  }

  /** `undefined` where no spare is left that works. */
  async #openBySpare(
    protocol: string,
    { spares }: Way,
    signal: AbortSignal,
  ): Promise<NetworkStream | undefined> {
    for (let spare = spares.shift(); spare !== undefined; spare = spares.shift()) {
      try {
        spare.taken();
        return await this.#begin(protocol, spare, signal);
      } catch (error) {
        // The peer has closed it meanwhile; one that is silent says something about the way.
        if (signal.aborted || error instanceof NoLaneError) throw error;
      }
    }
    return undefined;
  }

  /** `undefined` where it takes too long: the next stream will use what comes of it. */
  async #openAnew(
    protocol: string,
    { connection, host, way }: {
      readonly connection: PeerConnection;
      readonly host: string;
      readonly way: Way;
    },
    patience: AbortSignal,
  ): Promise<NetworkStream | undefined> {
    if (way.isDialling) return undefined;
    const dialling = this.#dial(connection, host);
    let isLate = false;
    try {
      return await this.#begin(protocol, await raceSignal(dialling, patience), patience);
    } catch (error) {
      isLate = patience.aborted;
      if (!isLate) throw error;
      return undefined;
    } finally {
      if (isLate) this.#own(this.#keepLate(dialling, connection), connection);
    }
  }

  async #keepLate(dialling: Promise<Lane>, connection: PeerConnection): Promise<void> {
    const way = this.#wayOf(connection);
    way.isDialling = true;
    try {
      this.#keep(connection, await dialling);
    } catch (error) {
      this.#failed(way, connection, error);
    } finally {
      way.isDialling = false;
    }
  }

  async #begin(
    protocol: string,
    { channel, anchor }: Lane,
    signal: AbortSignal,
  ): Promise<NetworkStream> {
    try {
      channel.writer.send(FRAME.open, new TextEncoder().encode(protocol));
      await agreement(channel, signal);
      return new LaneStream(channel, anchor, this.#parts.clock);
    } catch (error) {
      channel.close(new Error("No stream came of it"));
      throw error;
    }
  }

  /** A connection that the peer has agreed to. */
  async #dial(connection: PeerConnection, host: string): Promise<Lane> {
    using deadline = Deadline.forStep(LANE_DIAL_MS, "Connecting by TCP", this.#stopping.signal);
    const { signal } = deadline;
    const stream = await connection.openStream(LANE_PROTOCOL, signal);
    let channel: LaneChannel | undefined;
    try {
      const offer = await raceSignal(askForLane(stream), signal);
      if (offer === null) throw new NoLaneError("the peer does not listen there");
      channel = new LaneChannel(await connectTls(host, offer, signal));
      const anchor = new Anchor(stream);
      this.#tie(channel, anchor);
      channel.writer.send(FRAME.greet, encodeGreeting(offer.secret, this.#parts.self));
      await agreement(channel, signal);
      void channel.closed.then((reason) => this.#closed(connection, reason));
      return { channel, anchor };
    } catch (error) {
      if (channel === undefined) void stream.release();
      else channel.close(new Error("The peer did not agree"));
      throw error;
    }
  }

  #tie(channel: LaneChannel, anchor: Anchor): void {
    anchor.tie(channel);
    const { signal } = this.#stopping;
    const stop = () => channel.close(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    void channel.closed.then(async (reason) => {
      signal.removeEventListener("abort", stop);
      await anchor.letGo(reason);
    });
  }

  /** Makes the connections for the next streams while this one runs. */
  async #refill(connection: PeerConnection, host: string): Promise<void> {
    const way = this.#wayOf(connection);
    if (way.isRefilling) return;
    way.isRefilling = true;
    try {
      while (way.spares.length < SPARE_LANES && connection.isOpen) {
        this.#keep(connection, await this.#dial(connection, host));
      }
    } finally {
      way.isRefilling = false;
    }
  }

  /** After one that fell silent no stream waits for this way, and none of the spares is used. */
  #closed(connection: PeerConnection, reason: Error): void {
    if (!(reason instanceof SilentLaneError)) return;
    const way = this.#wayOf(connection);
    this.#failed(way, connection, reason);
    const cause = new ConnectionLostError("others beside it fell silent");
    for (const { channel } of [...way.spares]) channel.close(cause);
  }

  #keep(connection: PeerConnection, { channel, anchor }: Lane): void {
    const { spares } = this.#wayOf(connection);
    const uncount = this.#parts.spares.add(connection);
    const cancel = this.#parts.clock.after(
      SPARE_IDLE_MS,
      () => channel.close(new Error("No stream needed it")),
    );
    const taken = () => {
      cancel();
      uncount();
    };
    const spare = { channel, anchor, taken };
    spares.push(spare);
    void channel.closed.then(() => {
      taken();
      const at = spares.indexOf(spare);
      if (at >= 0) spares.splice(at, 1);
    });
  }

  /** Without it the next stream makes its own connection. */
  #own(refilling: Promise<void>, { peer }: PeerConnection): void {
    refilling.catch((error) =>
      this.#parts.logger.debug("No connection for the next stream to {peer} was made: {reason}", {
        peer,
        reason: reasonOf(error),
      })
    );
  }
}

/** The IP address at the other end of a QUIC connection; `undefined` where that is no place to connect to by TCP. */
export function tcpHostOf(remoteAddress: string): string | undefined {
  return /^\/ip[46]\/([0-9a-fA-F.:]+)\/udp\/\d+\/quic-v1(?:\/p2p\/\w+)?$/.exec(remoteAddress)?.[1];
}

async function connectTls(
  hostname: string,
  { port, name, certificate }: LaneOffer,
  signal: AbortSignal,
): Promise<Deno.TlsConn> {
  const tcp = await Deno.connect({ hostname, port, signal });
  tcp.setNoDelay(true);
  const tls = await Deno.startTls(tcp, { hostname: name, caCerts: [pemOf(certificate)] });
  try {
    await raceSignal(tls.handshake(), signal);
    return tls;
  } catch (error) {
    tls.close();
    throw error;
  }
}

/** @throws {NoLaneError} where the peer says no */
async function agreement(channel: LaneChannel, signal: AbortSignal): Promise<void> {
  const frame = await raceSignal(channel.next(), signal);
  if (frame?.kind === FRAME.reset) throw new NoLaneError("the peer has no room for the stream");
  if (frame?.kind !== FRAME.agree) throw new Error("the peer closed the connection");
}
