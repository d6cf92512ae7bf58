import type { Logger } from "@logtape/logtape";
import type { Admission, AdmissionListener } from "./admission.ts";
import { Deadline } from "./deadline.ts";
import { JOIN_TIMEOUT_MS, OPEN_STREAM_TIMEOUT_MS } from "./defaults.ts";
import { NotAllowedError } from "./errors.ts";
import type { JoinedPeer } from "./join.ts";
import type { DialRequest, Network, NetworkStream, PeerConnection } from "./network.ts";
import type { AdmittedPeer, HandleOptions, PeerId } from "./types.ts";

export type PeerStreamHandler = (
  stream: NetworkStream,
  peer: AdmittedPeer,
  connection: PeerConnection,
) => Promise<void>;

/** Streams between members: nothing is opened or answered before the join has passed. */
export class PeerNetwork {
  readonly #network: Network;
  readonly #admission: Admission;
  readonly #logger: Logger;

  constructor(network: Network, admission: Admission, logger: Logger) {
    this.#network = network;
    this.#admission = admission;
    this.#logger = logger;
  }

  listen(listener: AdmissionListener): void {
    this.#admission.listen(listener);
  }

  /** The newest connection to the peer's newest life. */
  connectionTo(peer: PeerId): PeerConnection | undefined {
    let best: { connection: PeerConnection; peer: JoinedPeer } | undefined;
    for (const entry of this.#admission.connections()) {
      if (entry.peer.id !== peer) continue;
      if (best === undefined || entry.peer.incarnation >= best.peer.incarnation) best = entry;
    }
    return best?.connection;
  }

  isConnected(peer: PeerId): boolean {
    return this.connectionTo(peer) !== undefined;
  }

  /** Peers with at least one admitted connection. */
  connectedPeers(): Map<PeerId, JoinedPeer> {
    const peers = new Map<PeerId, JoinedPeer>();
    for (const { peer } of this.#admission.connections()) peers.set(peer.id, peer);
    return peers;
  }

  connectedMembers(): Set<PeerId> {
    const peers = [...this.connectedPeers().values()];
    return new Set(peers.filter(({ role }) => role === "member").map(({ id }) => id));
  }

  /** @throws {UnreachableError | RefusedError} or the signal's reason. */
  async connect(request: DialRequest): Promise<PeerConnection> {
    const existing = this.connectionTo(request.peer);
    if (existing !== undefined) return existing;
    const connection = await this.#network.dial(request);
    await this.#admission.admitted(connection, request.signal);
    return connection;
  }

  /** A new connection beside those there are: its handshake is all that is waited for. */
  async handshake(request: DialRequest): Promise<void> {
    await this.#network.dial({ ...request, fresh: true });
  }

  /** Opens a stream over the peer's connection, or over a new one. */
  async open(
    protocol: string,
    { peer, addresses, signal }: Omit<DialRequest, "fresh" | "signal"> & {
      readonly signal?: AbortSignal | undefined;
    },
  ): Promise<NetworkStream> {
    using deadline = new Deadline(OPEN_STREAM_TIMEOUT_MS, `Opening a stream to ${peer}`, signal);
    const connection = await this.connect({ peer, addresses, signal: deadline.signal });
    return await connection.openStream(protocol, deadline.signal);
  }

  /** The handler ends both directions; what it leaves open is reset. */
  handle(protocol: string, options: HandleOptions, handler: PeerStreamHandler): void {
    this.#network.handle(protocol, options.maxStreams, (stream, connection) => {
      this.#serve(stream, connection, options, handler).catch((error) => {
        stream.reset(error);
        const { peer } = connection;
        this.#logger.debug("A stream of {protocol} from {peer} ended: {error}", {
          protocol,
          peer,
          error,
        });
      });
    });
  }

  /** Closes every connection to the peer. */
  disconnect(peer: PeerId, reason: Error): void {
    for (const entry of [...this.#admission.connections()]) {
      if (entry.peer.id === peer) entry.connection.abort(reason);
    }
  }

  stop(): Promise<void> {
    return this.#network.stop();
  }

  async #serve(
    stream: NetworkStream,
    connection: PeerConnection,
    { roles }: HandleOptions,
    handler: PeerStreamHandler,
  ): Promise<void> {
    const peer = await this.#awaitAdmission(connection);
    if (!roles.includes(peer.role)) {
      throw new NotAllowedError(`A ${peer.role} may not open this protocol`);
    }
    await handler(stream, { id: peer.id, role: peer.role }, connection);
    await stream.release();
  }

  async #awaitAdmission(connection: PeerConnection): Promise<JoinedPeer> {
    using deadline = new Deadline(JOIN_TIMEOUT_MS, "The join");
    return await this.#admission.admitted(connection, deadline.signal);
  }
}
