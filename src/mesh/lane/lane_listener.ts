import type { Logger } from "@logtape/logtape";
import { reasonOf } from "../../base/as_error.ts";
import { siteOf } from "../../base/ip_address.ts";
import { pause } from "../../base/pause.ts";
import type { Clock } from "../base/clock.ts";
import type { Counters } from "../base/counters.ts";
import { yieldingOf } from "../link/crowding.ts";
import type { LaneCertificate } from "./certificate.ts";
import { GREETING_MS, MAX_UNPROVEN } from "./defaults.ts";
import { FRAME } from "./frames.ts";
import { HangUp, type TcpEnds } from "./hang_up.ts";
import { LaneChannel } from "./lane_channel.ts";
import { sendAtOnce } from "./send_at_once.ts";

/** After an accept that failed, for want of file descriptors above all. */
const ACCEPT_AGAIN_MS = 200;

export interface LaneListenerParts {
  readonly port: number;
  readonly certificate: LaneCertificate;
  readonly clock: Pick<Clock, "after">;
  readonly counters: Counters;
  readonly logger: Logger;
  /** Takes a connection whose greeting is right; false for any other. */
  readonly greeted: (channel: LaneChannel, greeting: Uint8Array) => boolean;
}

/** A connection that has proven nothing yet. */
interface Unproven {
  readonly connection: Deno.TlsConn;
  readonly source: string;
  /** Deno can close it. */
  isShaken: boolean;
  isRefused: boolean;
  /** It was sent away, or has proven itself, and holds no place any more. */
  readonly gone: PromiseWithResolvers<void>;
}

/**
 * Accepts connections of the lane. A stranger is not told anything: until a connection has shown a secret, it holds one
 * of a few places for a few seconds.
 */
export class LaneListener {
  readonly #parts: LaneListenerParts;
  readonly #listeners: readonly Deno.TlsListener[];
  /** The longest first. */
  readonly #unproven = new Set<Unproven>();
  readonly #hangUp = new HangUp();
  readonly #stopping = new AbortController();

  private constructor(parts: LaneListenerParts, listeners: readonly Deno.TlsListener[]) {
    this.#parts = parts;
    this.#listeners = listeners;
    for (const listener of listeners) void this.#accept(listener);
  }

  /** @throws where the port can't be had, by neither IPv6 nor IPv4 */
  static open(parts: LaneListenerParts): LaneListener {
    const { port, certificate: { cert, key } } = parts;
    const listeners: Deno.TlsListener[] = [];
    let failure: unknown;
    // One for IPv6 takes IPv4 as well, where the system is not told otherwise: then the second finds the port taken.
    for (const hostname of ["::", "0.0.0.0"]) {
      try {
        listeners.push(Deno.listenTls({ hostname, port, cert, key }));
      } catch (error) {
        failure = error;
      }
    }
    if (listeners.length === 0) throw failure;
    sendAtOnce(port);
    return new LaneListener(parts, listeners);
  }

  get unproven(): number {
    return this.#unproven.size;
  }

  stop(): void {
    this.#stopping.abort(new Error("This node stops"));
    for (const listener of this.#listeners) listener.close();
    for (const one of [...this.#unproven]) this.#refuse(one);
  }

  /** Never rejects. */
  async #accept(listener: Deno.TlsListener): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const connection = await listener.accept().catch(() => undefined);
      if (signal.aborted) return connection?.close();
      if (connection === undefined) await pause(ACCEPT_AGAIN_MS, signal);
      else await this.#take(connection);
    }
  }

  /** Waits where those who have to go can't be made to: then nobody is accepted. */
  async #take(connection: Deno.TlsConn): Promise<void> {
    const source = siteOf(connection.remoteAddr.hostname);
    while (this.#unproven.size >= MAX_UNPROVEN && !this.#stopping.signal.aborted) {
      const yielding = yieldingOf(this.#unproven, source);
      if (yielding === undefined) break;
      this.#parts.counters.count("lanesCrowdedOut");
      if (!this.#refuse(yielding)) {
        await Promise.race([...this.#unproven].map(({ gone }) => gone.promise));
      }
    }
    const gone = Promise.withResolvers<void>();
    const one: Unproven = { connection, source, isShaken: false, isRefused: false, gone };
    this.#unproven.add(one);
    void this.#prove(one);
  }

  /** Never rejects. */
  async #prove(one: Unproven): Promise<void> {
    const { clock, counters, logger, greeted } = this.#parts;
    const cancel = clock.after(GREETING_MS, () => {
      counters.count("lanesSilent");
      this.#refuse(one);
    });
    try {
      await one.connection.handshake();
      one.isShaken = true;
      const channel = new LaneChannel(one.connection);
      const greeting = one.isRefused ? null : await channel.next();
      const isRight = greeting?.kind === FRAME.greet && !one.isRefused &&
        greeted(channel, greeting.bytes);
      if (isRight) return;
      if (!one.isRefused) counters.count("lanesRefused");
      this.#refuse(one);
    } catch (error) {
      if (!one.isRefused) counters.count("lanesRefused");
      logger.debug("A connection of the lane was refused: {reason}", { reason: reasonOf(error) });
      this.#refuse(one);
    } finally {
      cancel();
      this.#leave(one);
    }
  }

  /** Whether its place is free: in the midst of a handshake that is for the system to say. */
  #refuse(one: Unproven): boolean {
    if (one.isRefused) return !this.#unproven.has(one);
    one.isRefused = true;
    if (!one.isShaken && !this.#hangUp.end(endsOf(one.connection))) return this.#closeLate(one);
    one.connection.close();
    this.#leave(one);
    return true;
  }

  /** It is left to its own end, which comes when the stranger goes. */
  #closeLate(one: Unproven): boolean {
    const close = () => one.connection.close();
    one.connection.handshake().then(close, close);
    return false;
  }

  #leave(one: Unproven): void {
    this.#unproven.delete(one);
    one.gone.resolve();
  }
}

function endsOf({ localAddr, remoteAddr }: Deno.TlsConn): TcpEnds {
  const { hostname: remoteIp, port: remotePort } = remoteAddr;
  return { localPort: localAddr.port, remoteIp, remotePort };
}
