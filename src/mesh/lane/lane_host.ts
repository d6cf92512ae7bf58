import type { Logger } from "@logtape/logtape";
import { reasonOf } from "../../base/as_error.ts";
import type { Clock } from "../base/clock.ts";
import type { Counters } from "../base/counters.ts";
import type { PeerId } from "../base/peer_id.ts";
import type { IncomingStream, NetworkStream, PeerConnection } from "../link/network.ts";
import { Anchor, type Lane, type SpareCounts } from "./anchors.ts";
import { makeLaneCertificate } from "./certificate.ts";
import { SECRET_LIFE_MS, SPARE_PATIENCE_MS } from "./defaults.ts";
import { FRAME } from "./frames.ts";
import type { LaneChannel } from "./lane_channel.ts";
import { LaneListener } from "./lane_listener.ts";
import { LaneStream } from "./lane_stream.ts";
import { answerLane, decodeGreeting } from "./lane_wire.ts";
import { SecretBook } from "./secret_book.ts";

export interface LaneHostParts {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly logger: Logger;
  readonly spares: SpareCounts;
}

interface Handler {
  readonly maxStreams: number;
  readonly incoming: IncomingStream;
  /** Open streams, by the QUIC connection that they belong to. */
  readonly open: WeakMap<PeerConnection, number>;
}

/** The end of the lane that is connected to. */
export class LaneHost {
  readonly #parts: LaneHostParts;
  readonly #handlers = new Map<string, Handler>();
  readonly #secrets: SecretBook<(channel: LaneChannel) => void>;
  #listening: { readonly listener: LaneListener; readonly offer: Offered } | undefined;

  constructor(parts: LaneHostParts) {
    this.#parts = parts;
    this.#secrets = new SecretBook(parts.clock);
  }

  /** @throws where the TCP port can't be had */
  listen(port: number): void {
    const { clock } = this.#parts;
    const certificate = makeLaneCertificate(clock.now());
    const listener = LaneListener.open({
      ...this.#parts,
      port,
      certificate,
      greeted: (channel, greeting) => this.#greeted(channel, greeting),
    });
    const offer = { port, name: certificate.name, certificate: certificate.der };
    this.#listening = { listener, offer };
  }

  handle(protocol: string, maxStreams: number, incoming: IncomingStream): void {
    this.#handlers.set(protocol, { maxStreams, incoming, open: new WeakMap() });
  }

  /** A member asks for a connection, on a stream that lasts as long as that. */
  async answer(stream: NetworkStream, peer: PeerId, connection: PeerConnection): Promise<void> {
    const { promise: greeting, resolve } = Promise.withResolvers<LaneChannel | undefined>();
    let secret: Uint8Array | undefined;
    await answerLane(stream, () => {
      if (this.#listening === undefined) return null;
      secret = this.#secrets.give(peer, resolve);
      return { ...this.#listening.offer, secret };
    });
    if (secret === undefined) return await stream.closeWrite();
    const anchor = new Anchor(stream);
    const cancel = this.#parts.clock.after(SECRET_LIFE_MS, () => resolve(undefined));
    void anchor.gone.then(() => resolve(undefined));
    const channel = await greeting.finally(cancel);
    this.#secrets.cancel(secret);
    if (channel === undefined) return;
    anchor.tie(channel);
    await this.#serve({ channel, anchor }, connection);
    await anchor.letGo(await channel.closed);
  }

  stop(): void {
    this.#listening?.listener.stop();
    this.#listening = undefined;
  }

  #greeted(channel: LaneChannel, greeting: Uint8Array): boolean {
    const { secret, peer } = decodeGreeting(greeting);
    const take = this.#secrets.take(secret, peer);
    take?.(channel);
    return take !== undefined;
  }

  /** Never rejects: its peer may go at any time. */
  async #serve(lane: Lane, connection: PeerConnection): Promise<void> {
    const { channel } = lane;
    const { clock, spares, logger } = this.#parts;
    const isTaken = spares.add(connection);
    const cancel = clock.after(
      SPARE_PATIENCE_MS,
      () => channel.close(new Error("No stream was opened for a while")),
    );
    try {
      channel.writer.send(FRAME.agree);
      const handler = this.#handlerOf(await channel.next());
      if (handler === undefined || openOf(handler, connection) >= handler.maxStreams) {
        channel.writer.send(FRAME.reset);
        await channel.writer.flushed();
        return;
      }
      isTaken();
      cancel();
      channel.writer.send(FRAME.agree);
      await this.#hand(lane, connection, handler);
    } catch (error) {
      logger.debug("A connection of the lane ended: {reason}", { reason: reasonOf(error) });
    } finally {
      isTaken();
      cancel();
      channel.close(new Error("The stream is over"));
    }
  }

  #handlerOf(frame: Awaited<ReturnType<LaneChannel["next"]>>): Handler | undefined {
    if (frame?.kind !== FRAME.open) return undefined;
    return this.#handlers.get(new TextDecoder().decode(frame.bytes));
  }

  async #hand(
    { channel, anchor }: Lane,
    connection: PeerConnection,
    handler: Handler,
  ): Promise<void> {
    const { open, incoming } = handler;
    open.set(connection, openOf(handler, connection) + 1);
    const stream = new LaneStream(channel, anchor, this.#parts.clock);
    try {
      incoming(stream, connection);
      await stream.ended;
    } finally {
      open.set(connection, openOf(handler, connection) - 1);
    }
  }
}

interface Offered {
  readonly port: number;
  readonly name: string;
  readonly certificate: Uint8Array;
}

function openOf({ open }: Handler, connection: PeerConnection): number {
  return open.get(connection) ?? 0;
}
