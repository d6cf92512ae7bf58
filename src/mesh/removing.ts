import { Deadline } from "../base/deadline.ts";
import { RENEWAL_TIMEOUT_MS, RENEWALS_AT_ONCE } from "./base/defaults.ts";
import { NotAllowedError, UnknownMachineError } from "./base/errors.ts";
import { publicKeyOf } from "./base/keys.ts";
import type { MachineRemoval, NamedMachine } from "./base/mesh.ts";
import type { PeerId } from "./base/peer_id.ts";
import type { MeshMode } from "./mesh_mode.ts";
import type { PeerNetwork } from "./link/peer_network.ts";
import type { Renewals } from "./renewals.ts";
import { type Link, linksOf } from "./trust/capability.ts";
import { type Guest, guestOf, planRemoval, type Removal } from "./trust/removal.ts";
import type { Trust } from "./trust/trust.ts";

export interface RemovingParts {
  readonly self: PeerId;
  readonly network: PeerNetwork;
  readonly trust: Trust;
  readonly renewals: Pick<Renewals, "offer">;
  /** The node's mode at this moment. */
  readonly mode: () => MeshMode;
}

/** The machines of the mesh that this node may remove, as it knows them at this moment. */
interface Present {
  readonly guests: ReadonlyMap<PeerId, Guest>;
  /** Of those that are here. */
  readonly links: ReadonlyMap<PeerId, readonly Link[]>;
}

/** Takes one machine out of the mesh, and leaves those in that came by its invites. */
export class Removing {
  readonly #parts: RemovingParts;
  readonly #stop = new AbortController();

  constructor(parts: RemovingParts) {
    this.#parts = parts;
  }

  /** Ends what waits for others; nothing is said against a machine after that. */
  stop(): void {
    this.#stop.abort(new Error("This node stops"));
  }

  /** Tells the outcome beforehand. @throws {NotAllowedError | UnknownMachineError} */
  async preview(asked: string): Promise<MachineRemoval> {
    await this.#meet();
    const present = this.#present();
    const { machine, removal } = this.#plan(asked, present);
    const isHere = ({ id }: Guest) => present.links.has(id);
    return {
      machine: named(machine),
      stays: removal.others.filter(isHere).map(named),
      lost: removal.others.filter((one) => !isHere(one)).map(named),
    };
  }

  /**
   * Certifies those anew who are here, and ends the machine's invite then. Answers with who stayed in fact.
   * @throws {NotAllowedError | UnknownMachineError}
   */
  async remove(asked: string): Promise<MachineRemoval> {
    const { trust } = this.#parts;
    await this.#meet();
    const present = this.#present();
    const { machine, removal: { invite, others } } = this.#plan(asked, present);
    const word = await trust.prepare(invite);
    const stays: Guest[] = [];
    try {
      const here = others.filter(({ id }) => present.links.has(id));
      for (let i = 0; i < here.length; i += RENEWALS_AT_ONCE) {
        const some = here.slice(i, i + RENEWALS_AT_ONCE);
        const kept = await Promise.all(some.map((one) => this.#keep(one, present, invite.id)));
        stays.push(...some.filter((_, at) => kept[at]));
      }
    } finally {
      await trust.say(word);
    }
    const lost = others.filter((one) => !stays.includes(one));
    return { machine: named(machine), stays: stays.map(named), lost: lost.map(named) };
  }

  /** A passive node knows nobody's certificates, and may be connected to nobody: it meets the others first. */
  async #meet(): Promise<void> {
    const { mode, network } = this.#parts;
    if (!mode().passive) return;
    const stopping = this.#stop.signal;
    await mode().refreshRoutes({ force: true, signal: stopping });
    using deadline = Deadline.forStep(RENEWAL_TIMEOUT_MS, "Meeting the mesh", stopping);
    const { signal } = deadline;
    const peers = [...mode().livingPeers()];
    for (let some = peers.splice(0, RENEWALS_AT_ONCE); some.length > 0 && !signal.aborted;) {
      await Promise.allSettled(
        some.map((peer) => network.connect({ peer, addresses: mode().addressesOf(peer), signal })),
      );
      some = peers.splice(0, RENEWALS_AT_ONCE);
    }
    stopping.throwIfAborted();
  }

  /** Whether a node has new certificates; why it has none is of no use to anybody, since it is invited again in any case. */
  async #keep({ id, name }: Guest, { links }: Present, ending: string): Promise<boolean> {
    const { trust, renewals, mode } = this.#parts;
    const former = links.get(id) ?? [];
    const grant = former.at(-1)?.grant;
    const publicKey = publicKeyOf(id);
    if (grant === undefined || publicKey === undefined) return false;
    try {
      const chain = trust.invites.renew(publicKey, grant);
      // A word against the invite that ends is no word against each of those who came by it.
      const isAlone = former.at(-2)?.id !== ending;
      trust.guests.note(guestOf(id, linksOf(chain), { name, former: isAlone ? former : null }));
      await renewals.offer(id, chain, mode().addressesOf(id));
      return true;
    } catch {
      return false;
    }
  }

  #plan(
    asked: string,
    { guests }: Present,
  ): { readonly machine: Guest; readonly removal: Removal } {
    const { self, trust } = this.#parts;
    const peer = this.#peerOf(asked, guests);
    if (peer === self) {
      throw new NotAllowedError("This is the machine itself: stop it, and start it with --leave");
    }
    const machine = guests.get(peer);
    const removal = machine && planRemoval(machine, guests.values());
    if (machine !== undefined && removal !== undefined) return { machine, removal };
    throw new NotAllowedError(
      trust.isRoot
        ? "This machine's certificates are not known here yet: try again in a moment"
        : "Only the founder's machine, or one by whose invites it came, can remove this machine",
    );
  }

  /** Of a machine that is here, or that came by an invite and is away. */
  #peerOf(asked: string, guests: Present["guests"]): PeerId {
    const { self, network, mode } = this.#parts;
    const names = new Map<PeerId, string | null>(
      [...guests.values()].map(({ id, name }) => [id, name]),
    );
    for (const { peer, machine } of mode().routes().nodes) names.set(peer, machine.name);
    for (const peer of [self, ...mode().livingPeers(), ...network.connectedPeers().keys()]) {
      if (!names.has(peer)) names.set(peer, null);
    }
    const found = [...names].filter(([id, name]) => id === asked || name === asked);
    const [first, ...others] = found;
    if (first === undefined) throw new UnknownMachineError(`No machine ${asked} is known here`);
    if (others.length > 0) {
      const ids = found.map(([id]) => id).join(", ");
      throw new NotAllowedError(`Several machines are called ${asked}: name one by its id, ${ids}`);
    }
    return first[0];
  }

  /** Those that are connected show their newest certificates; what is heard of others comes behind that. */
  #present(): Present {
    const { self, network, trust, mode } = this.#parts;
    const names = new Map(
      mode().routes().nodes.map(({ peer, machine }) => [peer, machine.name] as const),
    );
    const links = new Map<PeerId, readonly Link[]>();
    for (const one of [...mode().knownMembers(), ...network.connectedPeers().values()]) {
      const isMember = one.id !== self && trust.revocationOf(one.links) === undefined;
      if (isMember && trust.mayRemove(one.links)) links.set(one.id, one.links);
    }
    const known = trust.guests.all().filter((guest) =>
      trust.revocationOf(guest.links) === undefined
    );
    const guests = new Map(known.map((guest) => [guest.id, guest]));
    for (const [id, chain] of links) {
      guests.set(id, guestOf(id, chain, { name: names.get(id) ?? guests.get(id)?.name ?? null }));
    }
    return { guests, links };
  }
}

function named({ id, name }: Guest): NamedMachine {
  return { id, name };
}
