import type { Logger } from "@logtape/logtape";
import { asError } from "../base/as_error.ts";
import { Deadline } from "../base/deadline.ts";
import { Emitter } from "../base/emitter.ts";
import { raceSignal } from "../base/race_signal.ts";
import type { AnnouncementContent } from "./base/announcement.ts";
import type { ByteStream } from "./base/byte_stream.ts";
import type { Clock } from "./base/clock.ts";
import type { MeshConfig } from "./base/config.ts";
import type { LanMesh } from "./base/lan.ts";
import type {
  HandleOptions,
  InviteOptions,
  Mesh,
  MeshEvent,
  OpenOptions,
  RefreshOptions,
  StreamHandler,
} from "./base/mesh.ts";
import {
  type ClientInvite,
  type EarlierRequest,
  type Pairing,
  PairingError,
  type PairingState,
} from "./base/pairing.ts";
import type { PeerId } from "./base/peer_id.ts";
import type { MemberRole } from "./base/roles.ts";
import type { MeshNode } from "./mesh_node.ts";
import { chooseMesh } from "./pairing/choose_mesh.ts";
import { PAIRING_JOIN_MS } from "./pairing/defaults.ts";
import { OwnRequest } from "./pairing/own_request.ts";
import type { PipedWay } from "./reach/mod.ts";
import type { RelayPaths } from "./relay/relay_paths.ts";
import { parseToken } from "./trust/token.ts";

export interface PairingOptions {
  /**
   * A member was let in as a client, which is another node: whoever has started this one ends it and starts that. Throws
   * where it can't. @default {a member stays what it is}
   */
  readonly becomeClient?: (invite: ClientInvite) => void;
  /** The request that led to this start. */
  readonly earlier?: EarlierRequest;
}

export interface MovingMeshParts {
  readonly pairing: PairingOptions;
  /** Of this machine. */
  readonly name: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Starts this node in the mesh of its data directory, or in that of an invite. */
  readonly start: (
    changes: Pick<MeshConfig, "join" | "leave"> & { readonly passive: boolean },
  ) => Promise<MeshNode>;
}

/**
 * This node's place in a mesh, which may become a place in another one while it runs: whoever listens, answers and
 * announces here goes on with that in the new mesh, and loaded models stay loaded.
 */
export class MovingMesh implements Mesh, Pairing {
  readonly self: PeerId;
  readonly role: MemberRole;
  readonly ended: Promise<string>;
  readonly #parts: MovingMeshParts;
  readonly #events: Emitter<MeshEvent>;
  readonly #end: (reason: string) => void;
  readonly #handlers: Parameters<Mesh["handle"]>[] = [];
  readonly #request: OwnRequest;
  #node: MeshNode;
  #content: AnnouncementContent | undefined;
  #leave: () => void = () => {};
  /** It has left one mesh, and is in no other yet. */
  #isAway = false;
  /** From the end in one mesh to the start in the next. */
  #moving: Promise<void> | null = null;
  #stopped: Promise<void> | undefined;
  readonly #stopping = Promise.withResolvers<void>();

  constructor(node: MeshNode, parts: MovingMeshParts) {
    this.#parts = parts;
    this.self = node.self;
    this.role = node.role;
    this.#events = new Emitter((error) =>
      parts.logger.error("A listener to the mesh failed: {error}", { error })
    );
    const ended = Promise.withResolvers<string>();
    this.ended = ended.promise;
    this.#end = ended.resolve;
    this.#request = new OwnRequest({
      ...parts,
      changed: () => this.#events.emit({ type: "pairing" }),
      join: (token, mesh) => this.#join(token, mesh),
    });
    this.#node = node;
    this.#enter(node);
    const { earlier } = parts.pairing;
    if (earlier !== undefined) this.#request.goOn(earlier, () => this.#arrive(earlier.mesh));
  }

  /** Datagrams over other nodes, in the mesh of this moment. */
  get paths(): RelayPaths {
    return this.#node.paths;
  }

  get ways(): ReadonlyMap<PeerId, PipedWay> {
    return this.#node.ways;
  }

  get pairing(): Pairing {
    return this;
  }

  state(): PairingState {
    const { door, mayInvite } = this.#node;
    return {
      isOff: this.lan().state === "off",
      mayAccept: door !== null && mayInvite,
      visitor: door?.visitor ?? null,
      own: this.#request.shown,
    };
  }

  async accept(answer: Parameters<Pairing["accept"]>[0]): ReturnType<Pairing["accept"]> {
    return await this.#door.accept(answer);
  }

  refuse(id?: string): void {
    this.#door.refuse(id);
  }

  get #door() {
    const { door } = this.#node;
    if (door !== null) return door;
    throw this.role === "member" ? isOff() : new PairingError(
      "may-not-invite",
      `This node is a ${this.role}: type the code on a member`,
    );
  }

  ask({ mesh: asked, leave }: Parameters<Pairing["ask"]>[0]): void {
    const { state, meshes } = this.lan();
    if (state === "off") throw isOff();
    const mesh = chooseMesh(meshes, asked);
    if (!this.#node.isAlone && !leave) {
      throw new PairingError(
        "in-a-mesh",
        "This machine is in a mesh with others: to join another one, it has to leave that",
      );
    }
    this.#request.begin(mesh);
  }

  cancel(): void {
    this.#request.cancel();
  }

  async #join(token: string, mesh: LanMesh): Promise<void> {
    const { grant } = parseToken(token, this.#parts.clock.now());
    if (grant.role === "client" && this.role === "member") {
      return await this.#becomeClient({ token, mesh });
    }
    const leaving = this.#node;
    const moving = this.#move(token, leaving);
    this.#moving = moving.then(() => undefined, () => undefined).finally(() => this.#moving = null);
    await moving;
    await this.#arrive(mesh);
  }

  /** Another node tells how it goes on. */
  async #becomeClient({ token, mesh: { name, shortId } }: ClientInvite): Promise<void> {
    const { becomeClient } = this.#parts.pairing;
    if (becomeClient === undefined) {
      throw new Error(`${name}'s mesh lets this machine in as a client, and this node is a member`);
    }
    becomeClient({ token, mesh: { name, shortId } });
    await this.#stopping.promise;
  }

  async #arrive(mesh: EarlierRequest["mesh"]): Promise<void> {
    const { clock, logger } = this.#parts;
    using deadline = new Deadline(
      PAIRING_JOIN_MS,
      () => new Error(`This machine has its invite, and tries on until ${mesh.name} answers`),
      undefined,
      clock,
    );
    await raceSignal(this.#node.met, deadline.signal);
    logger.info("This machine is in {name}'s mesh now", { event: "paired", name: mesh.name });
  }

  /** Out of one mesh and into the next; where that can't be, back into the first. */
  async #move(token: string, leaving: MeshNode): Promise<void> {
    const { passive } = leaving;
    this.#leave();
    this.#isAway = true;
    await leaving.stop();
    const { start } = this.#parts;
    try {
      this.#enter(await start({ join: token, leave: true, passive }));
    } catch (error) {
      await this.#return(passive);
      throw error;
    }
  }

  async #return(passive: boolean): Promise<void> {
    try {
      this.#enter(await this.#parts.start({ join: null, leave: false, passive }));
    } catch (error) {
      this.#end(`it is in no mesh any more: ${asError(error).message}`);
    }
  }

  #enter(node: MeshNode): void {
    this.#node = node;
    this.#isAway = false;
    for (const [protocol, options, handler] of this.#handlers) {
      node.handle(protocol, options, handler);
    }
    this.#leave = node.subscribe((event) => this.#events.emit(event));
    node.ended.then((reason) => this.#node === node && this.#end(reason));
    if (this.#content !== undefined) node.announce(this.#content);
    for (const type of ["members", "routes", "lan", "portMapping", "relays", "pairing"] as const) {
      this.#events.emit({ type });
    }
  }

  get meshId(): string {
    return this.#node.meshId;
  }

  get mayInvite(): boolean {
    return this.#node.mayInvite;
  }

  get passive(): boolean {
    return this.#node.passive;
  }

  standBy(): Promise<void> {
    return this.#arrived((node) => node.standBy());
  }

  rejoin(): Promise<void> {
    return this.#arrived((node) => node.rejoin());
  }

  /** At once, but for a node that is on its way. */
  #arrived<T>(act: (node: MeshNode) => Promise<T>): Promise<T> {
    return this.#moving === null ? act(this.#node) : this.#moving.then(() => act(this.#node));
  }

  addresses(): ReturnType<Mesh["addresses"]> {
    return this.#node.addresses();
  }

  lan(): ReturnType<Mesh["lan"]> {
    return this.#node.lan();
  }

  portMapping(): ReturnType<Mesh["portMapping"]> {
    return this.#node.portMapping();
  }

  members(): ReturnType<Mesh["members"]> {
    return this.#node.members();
  }

  rttMs(peer: PeerId): number | undefined {
    return this.#node.rttMs(peer);
  }

  measuredRttMs(peer: PeerId): number | undefined {
    return this.#node.measuredRttMs(peer);
  }

  streamWay(peer: PeerId): ReturnType<Mesh["streamWay"]> {
    return this.#node.streamWay(peer);
  }

  reachedBy(): ReturnType<Mesh["reachedBy"]> {
    return this.#node.reachedBy();
  }

  routes(): ReturnType<Mesh["routes"]> {
    return this.#node.routes();
  }

  refreshRoutes(options: RefreshOptions): ReturnType<Mesh["refreshRoutes"]> {
    return this.#arrived((node) => node.refreshRoutes(options));
  }

  clientsConnected(): number {
    return this.#node.clientsConnected();
  }

  announce(content: AnnouncementContent): void {
    this.#content = content;
    if (!this.#isAway) this.#node.announce(content);
  }

  watchClosely(peers: readonly PeerId[]): void {
    this.#node.watchClosely(peers);
  }

  suspect(peer: PeerId, reason: string): void {
    this.#node.suspect(peer, reason);
  }

  subscribe(listener: (event: MeshEvent) => void): () => void {
    return this.#events.subscribe(listener);
  }

  invite(options: InviteOptions): Promise<string> {
    return this.#node.invite(options);
  }

  defaultInvite(): Promise<string | null> {
    return this.#node.defaultInvite();
  }

  invites(): ReturnType<Mesh["invites"]> {
    return this.#node.invites();
  }

  revoke(id: string): Promise<void> {
    return this.#node.revoke(id);
  }

  removalOf(machine: string): ReturnType<Mesh["removalOf"]> {
    return this.#node.removalOf(machine);
  }

  remove(machine: string): ReturnType<Mesh["remove"]> {
    return this.#node.remove(machine);
  }

  addRelay(claim: string, name?: string): ReturnType<Mesh["addRelay"]> {
    return this.#node.addRelay(claim, name);
  }

  removeRelay(peer: PeerId): Promise<void> {
    return this.#node.removeRelay(peer);
  }

  relays(): ReturnType<Mesh["relays"]> {
    return this.#node.relays();
  }

  counters(): ReturnType<Mesh["counters"]> {
    return this.#node.counters();
  }

  open(peer: PeerId, protocol: string, options?: OpenOptions): Promise<ByteStream> {
    return this.#node.open(peer, protocol, options);
  }

  handle(protocol: string, options: HandleOptions, handler: StreamHandler): void {
    this.#node.handle(protocol, options, handler);
    this.#handlers.push([protocol, options, handler]);
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#request.stop();
    this.#stopping.resolve();
    await this.#moving;
    await this.#node.stop();
  }
}

function isOff(): PairingError {
  return new PairingError("off", "This node leaves the local network alone: it runs with --no-lan");
}
