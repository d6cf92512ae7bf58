import { Deadline } from "../../base/deadline.ts";
import { type Clock, systemClock } from "../base/clock.ts";
import { JOIN_TIMEOUT_MS, MAX_CONNECTIONS, MAX_PENDING_JOINS } from "../base/defaults.ts";
import { RefusedError } from "../base/errors.ts";
import { meshIdOf } from "../base/keys.ts";
import { MAX_JOIN_MESSAGE_BYTES } from "../base/message_defaults.ts";
import { MessageStream } from "../base/messages.ts";
import type { PeerId } from "../base/peer_id.ts";
import { CONNECT_RATE } from "../base/rate_defaults.ts";
import { RateLimiter } from "../base/rate_limit.ts";
import { sourceOf, yieldingOf } from "../link/crowding.ts";
import { JOIN_PROTOCOL } from "../link/join.ts";
import type {
  ConnectionListener,
  DialRequest,
  IncomingStream,
  Network,
  NetworkStream,
  PeerConnection,
} from "../link/network.ts";
import { CLAIM_PROTOCOL } from "./claim_exchange.ts";
import { peekMesh } from "./peeked_stream.ts";

interface Entry {
  readonly connection: PeerConnection;
  readonly source: string;
  readonly mesh: PromiseWithResolvers<MeshPart>;
  readonly deadline: Deadline;
  assigned: MeshPart | undefined;
}

/** One mesh's part of the network. */
interface MeshPart {
  readonly handlers: Map<string, IncomingStream>;
  listener: ConnectionListener | undefined;
  isStopped: boolean;
}

/**
 * One port and one key for several meshes: a connection belongs to the mesh that its join names, and each mesh sees its
 * own connections only.
 */
export class SharedNetwork {
  readonly #network: Network;
  readonly #claim: IncomingStream;
  readonly #meshes = new Map<string, MeshPart>();
  readonly #entries = new Map<string, Entry>();
  /** Connections that have named no mesh yet, the longest first. */
  readonly #waiting = new Set<Entry>();
  readonly #dialling = new Map<PeerId, MeshPart>();
  readonly #handled = new Set<string>();
  readonly #bySource = new RateLimiter(CONNECT_RATE);

  /** @param claim answers who may have a claim */
  constructor(
    network: Network,
    claim: IncomingStream,
    clock: Pick<Clock, "elapsed"> = systemClock,
  ) {
    this.#network = network;
    this.#claim = claim;
    network.handle(JOIN_PROTOCOL, 1, (stream, connection) => this.#onJoin(stream, connection));
    network.handle(CLAIM_PROTOCOL, 1, (stream, connection) => this.#onClaim(stream, connection));
    network.listen({
      mayCome: (address) => this.#bySource.allows(sourceOf(address), clock.elapsed()),
      opened: (connection) => this.#onOpened(connection),
      closed: (connection) => this.#onClosed(connection),
    });
  }

  /**
   * The network as one mesh sees it; its `stop` ends that mesh's connections alone. A join comes to the last part of a mesh that
   * was made and has not stopped.
   */
  of(meshKey: Uint8Array): Network {
    const id = meshKey.toHex();
    const part: MeshPart = { handlers: new Map(), listener: undefined, isStopped: false };
    const before = this.#meshes.get(id);
    this.#meshes.set(id, part);
    return {
      listen: (listener) => part.listener = listener,
      dial: (request) => this.#dial(part, request),
      handle: (protocol, maxStreams, incoming) => {
        part.handlers.set(protocol, incoming);
        this.#handle(protocol, maxStreams);
      },
      stop: () => {
        part.isStopped = true;
        if (this.#meshes.get(id) === part) {
          if (before === undefined || before.isStopped) this.#meshes.delete(id);
          else this.#meshes.set(id, before);
        }
        for (const { assigned, connection } of [...this.#entries.values()]) {
          if (assigned === part) connection.abort(new Error("The relay leaves this mesh"));
        }
        return Promise.resolve();
      },
    };
  }

  async #dial(part: MeshPart, request: DialRequest): Promise<PeerConnection> {
    this.#dialling.set(request.peer, part);
    try {
      return await this.#network.dial({ ...request, fresh: true });
    } finally {
      this.#dialling.delete(request.peer);
    }
  }

  #handle(protocol: string, maxStreams: number): void {
    if (protocol === JOIN_PROTOCOL || this.#handled.has(protocol)) return;
    this.#handled.add(protocol);
    this.#network.handle(protocol, maxStreams, (stream, connection) => {
      const entry = this.#entries.get(connection.id);
      const pass = (part: MeshPart | undefined) => {
        const incoming = part?.handlers.get(protocol);
        if (incoming === undefined) stream.reset(new RefusedError("Nothing answers here"));
        else incoming(stream, connection);
      };
      if (entry === undefined) pass(undefined);
      else entry.mesh.promise.then(pass, () => pass(undefined));
    });
  }

  #onOpened(connection: PeerConnection): void {
    if (connection.direction === "outbound") {
      const part = this.#dialling.get(connection.peer);
      if (part === undefined) return connection.abort(new Error("Nobody dialled this peer"));
      return this.#assign(this.#enter(connection), part);
    }
    if (this.#entries.size >= MAX_CONNECTIONS || this.#waiting.size >= MAX_PENDING_JOINS) {
      const yielding = yieldingOf(this.#waiting, sourceOf(connection.remoteAddress));
      if (yielding === undefined) {
        return connection.abort(new RefusedError("Too many connections are open"));
      }
      yielding.connection.abort(new RefusedError("Too many connections wait for a mesh"));
      this.#forget(yielding);
    }
    this.#waiting.add(this.#enter(connection));
  }

  #enter(connection: PeerConnection): Entry {
    const deadline = Deadline.forStep(JOIN_TIMEOUT_MS, "The join");
    const mesh = Promise.withResolvers<MeshPart>();
    mesh.promise.catch(() => undefined);
    const source = sourceOf(connection.remoteAddress);
    const entry: Entry = { connection, source, mesh, deadline, assigned: undefined };
    this.#entries.set(connection.id, entry);
    deadline.signal.addEventListener("abort", () => connection.abort(deadline.signal.reason));
    return entry;
  }

  #assign(entry: Entry, part: MeshPart): void {
    entry.deadline[Symbol.dispose]();
    this.#waiting.delete(entry);
    entry.assigned = part;
    part.listener?.opened(entry.connection);
    entry.mesh.resolve(part);
  }

  #onJoin(stream: NetworkStream, connection: PeerConnection): void {
    const entry = this.#entries.get(connection.id);
    if (entry === undefined) return stream.reset(new RefusedError("This connection is closed"));
    if (entry.assigned !== undefined) {
      entry.assigned.handlers.get(JOIN_PROTOCOL)?.(stream, connection);
      return;
    }
    this.#sort(entry, stream).catch((error) => connection.abort(error));
  }

  async #sort(entry: Entry, stream: NetworkStream): Promise<void> {
    const { connection } = entry;
    const { meshKey, whole } = await peekMesh(stream);
    const part = this.#meshes.get(meshKey.toHex());
    if (part !== undefined) {
      this.#assign(entry, part);
      part.handlers.get(JOIN_PROTOCOL)?.(whole, connection);
      return;
    }
    const reason = `this relay carries nothing for mesh ${meshIdOf(meshKey)}`;
    await new MessageStream(stream, MAX_JOIN_MESSAGE_BYTES).write({ ok: false, reason });
    await stream.closeWrite();
    // The connection is closed next, and what is still on its way would be lost with it.
    await stream.read().catch(() => null);
    throw new RefusedError(reason);
  }

  #onClaim(stream: NetworkStream, connection: PeerConnection): void {
    const entry = this.#entries.get(connection.id);
    if (entry === undefined || entry.assigned !== undefined) {
      return stream.reset(new RefusedError("A claim comes on a connection of its own"));
    }
    this.#claim(stream, connection);
  }

  #onClosed(connection: PeerConnection): void {
    const entry = this.#entries.get(connection.id);
    if (entry === undefined) return;
    this.#forget(entry);
    entry.assigned?.listener?.closed(connection);
  }

  #forget(entry: Entry): void {
    this.#entries.delete(entry.connection.id);
    this.#waiting.delete(entry);
    entry.deadline[Symbol.dispose]();
    entry.mesh.reject(new RefusedError("The connection is closed"));
  }
}
