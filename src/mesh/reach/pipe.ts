import type { DatagramPath } from "../base/datagram_path.ts";
import type { PeerId } from "../base/peer_id.ts";
import { type UdpEnd, udpEnd } from "./udp_end.ts";
import type { UdpSocket, UdpStack } from "./udp_socket.ts";

const LOOPBACK = "127.0.0.1";

export interface PipeOptions {
  readonly stack: UdpStack;
  /** Closed with the pipe. */
  readonly path: DatagramPath;
  /** Of this node's QUIC, where the peer dials; absent where this node dials the pipe. */
  readonly serverPort?: number;
}

/** Of two nodes the one that dials: if both did, one of the two connections would be for nothing. Pure. */
export function dialsPipe(self: PeerId, peer: PeerId): boolean {
  return self < peer;
}

/**
 * Stands for one peer on this machine's loopback: QUIC talks to it as if it were the peer, and its datagrams take
 * whatever path there is. QUIC sees one address that never changes, so that the path may, under a living connection.
 */
export class Pipe {
  /** The peer, as this node's QUIC sees it: a port of 127.0.0.1. */
  readonly port: number;
  readonly #socket: UdpSocket;
  readonly #path: DatagramPath;
  #isClosed = false;

  /** @throws where the machine has no free port. */
  constructor({ stack, path, serverPort }: PipeOptions) {
    this.#socket = stack.bind(LOOPBACK, 0);
    this.#path = path;
    this.port = this.#socket.port;
    const server = serverPort === undefined ? undefined : udpEnd(LOOPBACK, serverPort);
    this.#join(server);
  }

  /** Safe to call twice. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#path.onDatagram = undefined;
    this.#path.close();
    this.#socket.close();
  }

  /** Nobody but QUIC's server is heard; QUIC's client is known by its first datagram. */
  #join(server: UdpEnd | undefined): void {
    let own = server;
    this.#socket.onDatagram = (datagram, from) => {
      if (server === undefined) own = from;
      else if (from.key !== server.key) return;
      this.#path.send(datagram);
    };
    this.#path.onDatagram = (datagram) => {
      if (own !== undefined) this.#socket.send(datagram, own);
    };
  }
}
