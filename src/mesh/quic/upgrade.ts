import type { ComponentLogger, MessageStreamDirection, PeerId } from "@libp2p/interface";
import { peerIdFromString } from "@libp2p/peer-id";
import { QuicConnection } from "./connection.ts";
import { QuicLimitError, WrongPeerError } from "./stream_errors.ts";
import { muxerFactory } from "./muxer.ts";
import type { FreedMemory } from "./freed_memory.ts";
import type { NativeConnection } from "./native.ts";
import type { OpenConnections } from "./open_connections.ts";
import type { ResolvedOptions } from "./options.ts";

export interface Upgrade {
  readonly connection: QuicConnection;
  /** The parts of libp2p that turn an encrypted and muxed connection into one of its own. */
  readonly options: {
    readonly skipEncryption: true;
    readonly skipProtection: true;
    readonly remotePeer: PeerId;
    readonly muxerFactory: ReturnType<typeof muxerFactory>;
  };
}

export interface UpgradesInit {
  readonly logger: ComponentLogger;
  readonly options: ResolvedOptions;
  readonly connections: OpenConnections;
  readonly freed: FreedMemory;
}

/** Makes libp2p connections of native ones, within the limit. */
export class Upgrades {
  readonly #init: UpgradesInit;

  constructor(init: UpgradesInit) {
    this.#init = init;
  }

  /** @throws {QuicLimitError} where no further connection is allowed. */
  assertRoom(): void {
    const { connections, options: { maxConnections } } = this.#init;
    if (connections.size < maxConnections) return;
    throw new QuicLimitError(`There are ${maxConnections} connections, which is the limit`);
  }

  /**
   * The native connection is aborted where this throws.
   * @throws {QuicLimitError}
   * @throws {WrongPeerError} where another peer than the expected one has the key.
   */
  begin(native: NativeConnection, direction: MessageStreamDirection, expected?: string): Upgrade {
    try {
      this.assertRoom();
      return this.#begin(native, direction, expected);
    } catch (error) {
      native.abort();
      throw error;
    }
  }

  #begin(
    native: NativeConnection,
    direction: MessageStreamDirection,
    expected: string | undefined,
  ): Upgrade {
    const { logger, options, connections, freed } = this.#init;
    const address = native.remoteMultiaddr();
    const remotePeer = peerIdFromString(address.slice(address.lastIndexOf("/") + 1));
    if (expected !== undefined && !remotePeer.equals(peerIdFromString(expected))) {
      throw new WrongPeerError(expected, remotePeer.toString(), address);
    }
    const log = logger.forComponent(`libp2p:quic:connection:${native.id()}:${direction}`);
    const connection = new QuicConnection({ native, direction, log });
    connections.add(connection);
    connection.gone.then(() => freed.connectionGone());
    const muxer = muxerFactory({ native, connection, logger, options });
    return {
      connection,
      options: { skipEncryption: true, skipProtection: true, remotePeer, muxerFactory: muxer },
    };
  }
}
