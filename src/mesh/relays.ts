import type { Logger } from "@logtape/logtape";
import type { RelayPlace } from "./base/announcement.ts";
import type { Cancel, Clock } from "./base/clock.ts";
import {
  MAX_MISSED_RELAY_BEATS,
  MAX_RELAY_REFUSALS,
  MAX_RELAYS,
  RELAY_BEAT_MS,
  RELAY_REDIAL_MS,
} from "./base/defaults.ts";
import { equalValues } from "./base/equal_values.ts";
import { InvalidTokenError, JoinRefusedError, NotAllowedError } from "./base/errors.ts";
import { MAX_ANNOUNCED_RELAYS } from "./base/message_defaults.ts";
import type { InviteOptions, RelayView } from "./base/mesh.ts";
import type { PeerId } from "./base/peer_id.ts";
import { Dialer } from "./gossip/dialer.ts";
import type { PeerConnection } from "./link/network.ts";
import type { PeerNetwork } from "./link/peer_network.ts";
import { askForLife, NONCE_BYTES } from "./link/proof_of_life.ts";
import { parseClaim } from "./relay/claim.ts";
import { presentClaim } from "./relay/claim_exchange.ts";
import { knownRelays, withReached } from "./relay/known_relays.ts";
import type { Identity } from "./trust/identity.ts";
import type { Trust } from "./trust/trust.ts";

export interface RelaysParts {
  readonly network: PeerNetwork;
  readonly identity: Identity;
  readonly trust: Trust;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** Of all living members. */
  readonly told: () => Iterable<RelayPlace>;
  readonly invite: (options: InviteOptions) => string;
  readonly mayInvite: () => boolean;
  /** Ends an invite that nobody has used. */
  readonly revoke: (id: string) => Promise<void>;
  /** This node knows or is connected to others than before. */
  readonly changed: () => void;
}

/** A member's relays: it takes them in, stays connected to them, and tells the others where they are. */
export class Relays {
  readonly #parts: RelaysParts;
  readonly #dialer: Dialer;
  /** By relay that is connected: the signs of life that it missed in a row. */
  readonly #missed = new Map<PeerId, number>();
  /** By relay that is kept and says no: how often in a row. */
  readonly #refusals = new Map<PeerId, number>();
  #told: readonly RelayView[] = [];
  #cancelBeat: Cancel | undefined;
  readonly #stopping = new AbortController();

  constructor(parts: RelaysParts) {
    this.#parts = parts;
    const { network, clock, random, logger } = parts;
    this.#dialer = new Dialer({
      targets: () =>
        [...this.#known().keys()].filter((peer) => !network.isConnected(peer))
          .map((peer) => ({ peer, courtesyMs: 0, maxDelayMs: RELAY_REDIAL_MS })),
      dial: ({ peer }, signal) => this.#dial(peer, signal),
      failed: ({ peer }, _failures, error) => this.#onFailed(peer, error),
      broke: (error) => logger.error("The relays could not be dialled: {error}", { error }),
    }, { clock, random });
  }

  /** The set of relays that are known or connected may have changed. */
  wake(): void {
    this.#dialer.wake();
    const view = this.list();
    if (equalValues(view, this.#told)) return;
    this.#told = view;
    this.#parts.changed();
  }

  stop(): Promise<void> {
    this.#stopping.abort(new Error("This node stops"));
    this.#cancelBeat?.();
    return this.#dialer.stop();
  }

  /**
   * Takes a relay into the mesh by the claim that it has printed.
   * @throws {InvalidTokenError | NotAllowedError | RefusedError | UnreachableError}
   */
  async add(text: string, name: string | undefined): Promise<RelayView> {
    const { identity, trust, mayInvite, invite, revoke } = this.#parts;
    const claim = parseClaim(text);
    if (!mayInvite()) throw new NotAllowedError("This node may not invite, so it adds no relay");
    if (claim.peer === identity.peer) {
      throw new InvalidTokenError("This claim is of this node itself");
    }
    if (identity.relays.length >= MAX_RELAYS && !this.#isKept(claim.peer)) {
      throw new NotAllowedError(`This mesh has ${MAX_RELAYS} relays: remove one first`);
    }
    const token = invite({ role: "relay", ...(name === undefined ? {} : { name }) });
    const { id } = trust.invites.stored().invites.at(-1) ?? { id: "" };
    try {
      await presentClaim(claim, token, this.#stopping.signal);
    } catch (error) {
      // Nobody has it, or somebody who refuses it.
      await revoke(id).catch(() => undefined);
      throw error;
    }
    this.#keep({ peer: claim.peer, address: null, told: claim.addresses });
    this.#dialer.forget(claim.peer);
    this.wake();
    return { peer: claim.peer, name: name ?? null, addresses: claim.addresses, connected: false };
  }

  list(): readonly RelayView[] {
    const { network } = this.#parts;
    const connected = network.connectedPeers();
    return [...this.#known()].map(([peer, addresses]) => ({
      peer,
      name: connected.get(peer)?.links.at(-1)?.grant.name ?? null,
      addresses,
      connected: network.isConnected(peer),
    }));
  }

  /** Those that this node is connected to, for others. */
  places(): readonly RelayPlace[] {
    return this.list().filter(({ connected }) => connected).slice(0, MAX_ANNOUNCED_RELAYS)
      .map(({ peer, addresses }) => ({ peer, addresses }));
  }

  met({ peer, direction, remoteAddress }: PeerConnection): void {
    const address = direction === "outbound" ? remoteAddress : null;
    this.#keep({ peer, address, told: [] });
    this.#refusals.delete(peer);
    this.#missed.set(peer, 0);
    this.#beatSoon();
    this.wake();
  }

  /** A relay says where it is dialled. One that was removed is connected for a moment yet, and may have said it before. */
  told({ peer, addresses }: RelayPlace): void {
    const { network, trust } = this.#parts;
    const links = network.connectedPeers().get(peer)?.links;
    if (links === undefined || trust.revocationOf(links) !== undefined) return;
    this.#keep({ peer, address: null, told: addresses });
    this.wake();
  }

  /** Its connection has closed. */
  parted(peer: PeerId): void {
    if (!this.#parts.network.isConnected(peer)) this.#missed.delete(peer);
    this.wake();
  }

  /** It is none of this mesh any more. */
  forget(peer: PeerId): void {
    const { identity } = this.#parts;
    this.#refusals.delete(peer);
    const kept = identity.relays.filter((one) => one.peer !== peer);
    if (kept.length < identity.relays.length) identity.keepRelays(kept);
    this.wake();
  }

  #beatSoon(): void {
    if (this.#stopping.signal.aborted || this.#missed.size === 0) return;
    this.#cancelBeat ??= this.#parts.clock.after(RELAY_BEAT_MS, () => {
      void Promise.all([...this.#missed.keys()].map((peer) => this.#beat(peer))).then(() => {
        this.#cancelBeat = undefined;
        this.#beatSoon();
      });
    });
  }

  /** A relay that was killed leaves a connection that looks open. */
  async #beat(peer: PeerId): Promise<void> {
    const connection = this.#parts.network.connectionTo(peer);
    if (connection === undefined) return;
    const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
    const isAlive = await askForLife(connection, nonce) !== undefined;
    if (this.#stopping.signal.aborted || !this.#missed.has(peer)) return;
    const missed = isAlive ? 0 : (this.#missed.get(peer) ?? 0) + 1;
    this.#missed.set(peer, missed);
    if (missed >= MAX_MISSED_RELAY_BEATS) {
      connection.abort(new Error("The relay gave no sign of life"));
    }
  }

  #known(): ReadonlyMap<PeerId, readonly string[]> {
    const { identity, told } = this.#parts;
    return knownRelays(identity.relays, told());
  }

  #isKept(peer: PeerId): boolean {
    return this.#parts.identity.relays.some((one) => one.peer === peer);
  }

  #keep(reached: Parameters<typeof withReached>[1]): void {
    const { identity } = this.#parts;
    const kept = withReached(identity.relays, reached);
    if (!equalValues(kept, identity.relays)) identity.keepRelays(kept);
  }

  async #dial(peer: PeerId, signal: AbortSignal): Promise<void> {
    const addresses = this.#known().get(peer) ?? [];
    await this.#parts.network.connect({ peer, addresses, signal });
  }

  /** A relay that has left the mesh says so. One that is flooded, or ends, breaks off, and is tried again. */
  #onFailed(peer: PeerId, error: unknown): void {
    if (!(error instanceof JoinRefusedError) || !this.#isKept(peer)) {
      this.#refusals.delete(peer);
      return;
    }
    const refusals = (this.#refusals.get(peer) ?? 0) + 1;
    this.#refusals.set(peer, refusals);
    if (refusals < MAX_RELAY_REFUSALS) return;
    this.#parts.logger.info("A relay is none of this mesh any more: {error}", { error });
    this.forget(peer);
  }
}
