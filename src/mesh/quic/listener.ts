import { asError } from "../../base/as_error.ts";
import {
  type Listener,
  type ListenerEvents,
  type Logger,
  TypedEventEmitter,
  type Upgrader,
} from "@libp2p/interface";
import type { Multiaddr } from "@multiformats/multiaddr";
import { finishesWithin } from "../../base/finishes_within.ts";
import { AcceptPool } from "./accept_pool.ts";
import { listenAddresses, parseQuicAddress, type QuicAddress } from "./address.ts";
import type { QuicConnection } from "./connection.ts";
import { CLOSE_LISTENER_MS } from "./limits.ts";
import { asMultiaddrConnection } from "./libp2p_types.ts";
import type { NativeConfig, NativeConnection, NativeServer, QuicAddon } from "./native.ts";
import type { ResolvedOptions } from "./options.ts";
import { receiveBufferLine, widenReceiveBuffer } from "./receive_buffer.ts";
import type { Upgrades } from "./upgrade.ts";

export interface QuicListenerInit {
  readonly addon: QuicAddon;
  readonly config: NativeConfig;
  readonly options: Pick<
    ResolvedOptions,
    "maxHandshakes" | "receiveBufferBytes" | "onReceiveBufferLine" | "mayCome"
  >;
  readonly log: Logger;
  readonly upgrader: Upgrader;
  readonly upgrades: Upgrades;
}

interface Listening {
  readonly server: NativeServer;
  readonly accepts: AcceptPool;
  readonly address: QuicAddress;
}

/** One UDP port that peers connect to. */
export class QuicListener extends TypedEventEmitter<ListenerEvents> implements Listener {
  readonly #init: QuicListenerInit;
  readonly #accepted = new Set<QuicConnection>();
  readonly #closing = new AbortController();
  #listening: Listening | undefined;

  constructor(init: QuicListenerInit) {
    super();
    this.#init = init;
  }

  listen(multiaddr: Multiaddr): Promise<void> {
    return Promise.try(() => {
      const server = this.#bind(multiaddr);
      const accepts = new AcceptPool(server, {
        maxHandshakes: this.#init.options.maxHandshakes,
        onConnection: (native) => this.#onConnection(native),
        onError: (error) => this.#init.log("a handshake failed: %s", asError(error).message),
      });
      const address = { ...addressOf(multiaddr), port: server.port() };
      this.#listening = { server, accepts, address };
      this.#widenBuffer(address.port);
      this.safeDispatchEvent("listening");
    });
  }

  /** Without the PeerId, as libp2p wants it. */
  getAddrs(): Multiaddr[] {
    return this.#listening === undefined ? [] : listenAddresses(this.#listening.address);
  }

  updateAnnounceAddrs(): void {}

  /** Resolves when the port is free, or is about to be. Safe to call twice. */
  async close(): Promise<void> {
    const listening = this.#listening;
    if (listening === undefined) return;
    this.#listening = undefined;
    const reason = new Error("The listener was closed");
    this.#closing.abort(reason);
    listening.accepts.stop();
    for (const connection of [...this.#accepted]) connection.abort(reason);
    await finishesWithin(listening.server.abort().catch(() => {}), CLOSE_LISTENER_MS);
    this.safeDispatchEvent("close");
  }

  #bind(multiaddr: Multiaddr): NativeServer {
    const { host, port } = addressOf(multiaddr);
    const { addon, config } = this.#init;
    try {
      return new addon.Server(config, host, port);
    } catch (cause) {
      const why = asError(cause).message;
      throw new Error(`Cannot listen on UDP port ${port} of ${host}: ${why}`, { cause });
    }
  }

  #widenBuffer(port: number): void {
    const { receiveBufferBytes: bytes, onReceiveBufferLine } = this.#init.options;
    if (bytes === 0) return;
    const line = receiveBufferLine(widenReceiveBuffer(port, bytes), bytes);
    if (line !== null) onReceiveBufferLine(line);
  }

  /** Never rejects. */
  async #onConnection(native: NativeConnection): Promise<void> {
    let connection: QuicConnection | undefined;
    try {
      const { upgrader, upgrades, options } = this.#init;
      if (!options.mayCome(native.remoteMultiaddr())) return native.abort();
      const upgrade = upgrades.begin(native, "inbound");
      connection = upgrade.connection;
      this.#hold(connection);
      const { signal } = this.#closing;
      await upgrader.upgradeInbound(asMultiaddrConnection(connection), {
        ...upgrade.options,
        signal,
      });
    } catch (error) {
      this.#init.log.error("a connection was refused: %s", asError(error).message);
      connection?.abort(asError(error));
    }
  }

  #hold(connection: QuicConnection): void {
    this.#accepted.add(connection);
    connection.addEventListener("close", () => this.#accepted.delete(connection), { once: true });
  }
}

function addressOf(multiaddr: Multiaddr): QuicAddress {
  const address = parseQuicAddress(multiaddr);
  if (address !== undefined) return address;
  throw new TypeError(`Cannot listen on ${multiaddr}: it is no QUIC address`);
}
