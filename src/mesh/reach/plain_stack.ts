import { pause } from "../../base/pause.ts";
import { MAX_QUEUED_SENDS, MAX_UDP_BYTES, READ_RETRY_MS } from "./defaults.ts";
import { type UdpEnd, udpEnd } from "./udp_end.ts";
import type { UdpSocket, UdpStack } from "./udp_socket.ts";

/** Deno's own sockets: each datagram is a call that has to be waited for. */
export class PlainStack implements UdpStack {
  readonly kind = "plain";
  readonly #sockets = new Set<PlainSocket>();

  bind(ip: string, port: number): UdpSocket {
    const socket = new PlainSocket(ip, port, () => this.#sockets.delete(socket));
    this.#sockets.add(socket);
    return socket;
  }

  async close(): Promise<void> {
    const sockets = [...this.#sockets];
    for (const socket of sockets) socket.close();
    await Promise.all(sockets.map(({ ended }) => ended));
  }
}

class PlainSocket implements UdpSocket {
  readonly port: number;
  onDatagram: UdpSocket["onDatagram"];
  /** Nothing waits for the system any more. */
  readonly ended: Promise<unknown>;
  readonly #socket: Deno.DatagramConn;
  readonly #onClose: () => void;
  readonly #closing = new AbortController();
  /** Sent one by one: of several at a time the last would leave first. */
  readonly #queue: (readonly [datagram: Uint8Array, to: UdpEnd])[] = [];
  #sending: Promise<void> | undefined;

  constructor(hostname: string, port: number, onClose: () => void) {
    this.#socket = Deno.listenDatagram({ transport: "udp", hostname, port });
    this.port = (this.#socket.addr as Deno.NetAddr).port;
    this.#onClose = onClose;
    this.ended = this.#read().then(() => this.#sending);
  }

  get #isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  send(datagram: Uint8Array, to: UdpEnd): void {
    if (this.#isClosed || this.#queue.length >= MAX_QUEUED_SENDS) return;
    this.#queue.push([datagram.slice(), to]); // its user may use the buffer again before the system has read it
    this.#sending ??= this.#sendAll().finally(() => this.#sending = undefined);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#closing.abort();
    this.#queue.length = 0;
    this.onDatagram = undefined;
    this.#onClose();
    this.#socket.close();
  }

  async #sendAll(): Promise<void> {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      const [datagram, { ip, port }] = next;
      const to = { transport: "udp", hostname: ip, port } as const;
      await this.#socket.send(datagram, to).catch(() => undefined); // no way there, as if it were lost
    }
  }

  /** Never rejects. */
  async #read(): Promise<void> {
    const buffer = new Uint8Array(MAX_UDP_BYTES);
    let last: UdpEnd | undefined;
    while (!this.#isClosed) {
      try {
        const [datagram, from] = await this.#socket.receive(buffer);
        const { hostname, port } = from as Deno.NetAddr;
        if (last?.ip !== hostname || last.port !== port) last = udpEnd(hostname, port);
        this.onDatagram?.(datagram, last);
      } catch {
        // Some systems tell here that an earlier datagram found nobody, which is no end of the socket.
        await pause(READ_RETRY_MS, this.#closing.signal);
      }
    }
  }
}
