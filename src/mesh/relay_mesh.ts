import type { ByteStream } from "./base/byte_stream.ts";
import { RELAY_COURTESY_MS, RELAY_REDIAL_MS } from "./base/defaults.ts";
import { NotAllowedError } from "./base/errors.ts";
import { Dialer } from "./gossip/dialer.ts";
import type { MeshMode, ModeParts } from "./mesh_mode.ts";
import type { NetworkStream } from "./link/network.ts";
import type { PresentPeer } from "./trust/invite_book.ts";
import { EMPTY_TABLE } from "./routes/routing_table.ts";
import type { Announcement } from "./base/announcement.ts";
import type { OpenOptions } from "./base/mesh.ts";
import type { PeerId } from "./base/peer_id.ts";
import { rolesOf } from "./base/protocols.ts";
import type { RoutingTable } from "./base/table.ts";

/**
 * A relay: it knows who is connected to it and nothing of the mesh, neither its machines nor its models. It dials those
 * whom its invite has named while nobody is connected.
 */
export class RelayMesh implements MeshMode {
  readonly passive = true;
  readonly #parts: ModeParts;
  readonly #dialer: Dialer;

  constructor(parts: ModeParts) {
    this.#parts = parts;
    const { network, clock, random, logger, stored } = parts;
    this.#dialer = new Dialer({
      targets: () =>
        network.connectedPeers().size > 0 ? [] : [...stored().keys()].map((peer) => ({
          peer,
          courtesyMs: RELAY_COURTESY_MS,
          maxDelayMs: RELAY_REDIAL_MS,
        })),
      dial: ({ peer }, signal) =>
        network.connect({ peer, addresses: this.addressesOf(peer), signal }),
      failed: () => {},
      broke: (error) => logger.error("The mesh could not be dialled: {error}", { error }),
    }, { clock, random });
  }

  /** Members know where a relay was; one that has moved has to be the first to speak. */
  start(): void {
    this.#dialer.wake();
  }

  members(): readonly Announcement[] {
    return [];
  }

  rttMs(): undefined {}

  measuredRttMs(): undefined {}

  routes(): RoutingTable {
    return EMPTY_TABLE;
  }

  refreshRoutes(): Promise<RoutingTable> {
    return Promise.resolve(EMPTY_TABLE);
  }

  tellRoutes(): Promise<RoutingTable> {
    return Promise.resolve(EMPTY_TABLE);
  }

  announce(): void {}

  watchClosely(): void {}

  suspect(): void {}

  async open(peer: PeerId, protocol: string, options: OpenOptions): Promise<ByteStream> {
    if (!rolesOf(protocol).opens.includes("relay")) {
      throw new NotAllowedError(`A relay may not open ${protocol}`);
    }
    const addresses = this.addressesOf(peer);
    return await this.#parts.network.open(protocol, { ...options, peer, addresses });
  }

  admitted(): void {
    this.#dialer.wake();
  }

  closed(): void {
    this.#dialer.wake();
  }

  superseded(): void {}

  // deno-lint-ignore require-await -- as a rejection, like everything that is wrong with a stream
  async gossip(stream: NetworkStream): Promise<void> {
    stream.reset(new Error("A relay does not gossip"));
  }

  finish(): Promise<void> {
    return this.#dialer.stop();
  }

  addressesOf(peer: PeerId): readonly string[] {
    return this.#parts.stored().get(peer) ?? [];
  }

  found(): void {}

  knownMembers(): readonly PresentPeer[] {
    return [];
  }

  forget(): readonly PeerId[] {
    return [];
  }

  relaysChanged(): void {}

  renewed(): void {}

  livingPeers(): readonly PeerId[] {
    return [];
  }
}
