import { asError } from "../../base/as_error.ts";
import { raceSignal } from "../../base/race_signal.ts";
import { privateKeyToProtobuf } from "@libp2p/crypto/keys";
import {
  AbortError,
  type ComponentLogger,
  type Connection,
  type CreateListenerOptions,
  type DialTransportOptions,
  type Listener,
  type Logger,
  type PrivateKey,
  serviceCapabilities,
  type Startable,
  type Transport,
  transportSymbol,
} from "@libp2p/interface";
import type { Multiaddr } from "@multiformats/multiaddr";
import { loadAddon } from "./addon.ts";
import { isQuicAddress, parseQuicAddress, type QuicAddress } from "./address.ts";
import { DialError } from "./stream_errors.ts";
import { FreedMemory } from "./freed_memory.ts";
import { asMultiaddrConnection } from "./libp2p_types.ts";
import { QuicListener } from "./listener.ts";
import type {
  NativeClient,
  NativeConfig,
  NativeConnection,
  QuicAddon,
  SocketFamily,
} from "./native.ts";
import { OpenConnections } from "./open_connections.ts";
import {
  nativeConfig,
  type QuicTransportOptions,
  type ResolvedOptions,
  resolveOptions,
} from "./options.ts";
import { Upgrades } from "./upgrade.ts";

export interface QuicTransportComponents {
  readonly privateKey: PrivateKey;
  readonly logger: ComponentLogger;
}

/**
 * The QUIC transport of the mesh, for libp2p's `transports`. Speaks to upstream's
 * `@chainsafe/libp2p-quic`, whose native addon it uses, and replaces its JavaScript.
 * @throws {QuicAddonError} from the function that it returns.
 */
export function quicTransport(
  options: QuicTransportOptions = {},
): (components: QuicTransportComponents) => QuicTransport {
  return (components) => new QuicTransport(components, options);
}

export class QuicTransport implements Transport, Startable {
  readonly [Symbol.toStringTag] = "quic";
  readonly [transportSymbol] = true;
  readonly [serviceCapabilities] = ["@libp2p/transport"];
  readonly #addon: QuicAddon;
  readonly #config: NativeConfig;
  readonly #options: ResolvedOptions;
  readonly #connections: OpenConnections;
  readonly #freed = new FreedMemory();
  readonly #upgrades: Upgrades;
  readonly #logger: ComponentLogger;
  readonly #log: Logger;
  /** One for each family and the life of the transport: each costs 0.8 MB that never comes back. */
  readonly #clients = new Map<SocketFamily, NativeClient>();
  /** Those that were given up too: the addon goes on with them. */
  readonly #dials = new Set<Promise<NativeConnection>>();
  readonly #onUnload = () => this.#connections.leaveNow(new Error("This node exits"));

  constructor({ privateKey, logger }: QuicTransportComponents, options: QuicTransportOptions) {
    const { connections = new OpenConnections(), ...rest } = options;
    this.#addon = loadAddon();
    this.#options = resolveOptions(rest);
    this.#config = new this.#addon.QuinnConfig(
      nativeConfig(this.#options, privateKeyToProtobuf(privateKey)),
    );
    this.#connections = connections;
    const freed = this.#freed;
    this.#upgrades = new Upgrades({ logger, options: this.#options, connections, freed });
    this.#logger = logger;
    this.#log = logger.forComponent("libp2p:quic:transport");
  }

  /** Peers learn of an exit at once; otherwise only their idle timeout would tell them. */
  start(): void {
    globalThis.addEventListener("unload", this.#onUnload);
  }

  /** Ends every connection and dial. Resolves when the addon has let go of them. */
  async stop(): Promise<void> {
    globalThis.removeEventListener("unload", this.#onUnload);
    this.#connections.abortAll(new Error("The transport stops"));
    for (const client of this.#clients.values()) client.abort();
    this.#clients.clear();
    await Promise.allSettled(this.#dials);
    await this.#connections.gone();
    await this.#freed.stop();
  }

  dialFilter(multiaddrs: Multiaddr[]): Multiaddr[] {
    return multiaddrs.filter(isQuicAddress);
  }

  listenFilter(multiaddrs: Multiaddr[]): Multiaddr[] {
    return multiaddrs.filter(isQuicAddress);
  }

  /**
   * @throws {DialError} where nobody answers, which takes as long as the signal allows.
   * @throws {WrongPeerError} where somebody else answers.
   */
  async dial(
    multiaddr: Multiaddr,
    { signal, upgrader }: DialTransportOptions,
  ): Promise<Connection> {
    const address = parseQuicAddress(multiaddr);
    if (address === undefined) throw new TypeError(`${multiaddr} is no QUIC address`);
    if (signal.aborted) throw new AbortError();
    this.#upgrades.assertRoom();
    const native = await this.#connect(address, signal);
    const { connection, options } = this.#upgrades.begin(native, "outbound", address.peer);
    try {
      const upgrading = asMultiaddrConnection(connection);
      return await upgrader.upgradeOutbound(upgrading, { ...options, signal });
    } catch (error) {
      connection.abort(asError(error));
      throw error;
    }
  }

  createListener({ upgrader }: CreateListenerOptions): Listener {
    this.#freed.started();
    return new QuicListener({
      addon: this.#addon,
      config: this.#config,
      options: this.#options,
      log: this.#logger.forComponent("libp2p:quic:listener"),
      upgrader,
      upgrades: this.#upgrades,
    });
  }

  /** The addon does not stop dialling: it is left to itself, and what it brings too late is closed. */
  async #connect(
    { family, host, port }: QuicAddress,
    signal: AbortSignal,
  ): Promise<NativeConnection> {
    const connecting = this.#client(family).outboundConnection(host, port);
    this.#dials.add(connecting);
    connecting.catch(() => undefined).finally(() => this.#dials.delete(connecting));
    try {
      return await raceSignal(connecting, signal, (late) => late.abort());
    } catch (cause) {
      this.#log("dial of %s:%d failed: %s", host, port, asError(cause).message);
      if (signal.aborted) throw cause;
      const why = asError(cause).message;
      throw new DialError(`Cannot connect to UDP port ${port} of ${host}: ${why}`, { cause });
    }
  }

  #client(family: SocketFamily): NativeClient {
    const known = this.#clients.get(family);
    if (known !== undefined) return known;
    const client = new this.#addon.Client(this.#config, family);
    this.#clients.set(family, client);
    return client;
  }
}
