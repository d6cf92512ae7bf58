import { Batch } from "./linux_batch.ts";
import {
  AF_INET,
  AF_INET6,
  type Bytes,
  DATAGRAMS,
  endOf,
  IPPROTO_IPV6,
  IPPROTO_UDP,
  IPV6_V6ONLY,
  type Libc,
  SO_RCVBUF,
  SO_SNDBUF,
  SOCKADDR_BYTES,
  sockaddrOf,
  SOL_SOCKET,
  UDP_GRO,
} from "./linux_calls.ts";
import type { Receiver } from "./linux_receiver.ts";
import { RECEIVES_A_TURN, UDP_BUFFER_BYTES } from "./defaults.ts";
import { isIPv6 } from "node:net";
import type { UdpEnd } from "./udp_end.ts";
import type { UdpSocket } from "./udp_socket.ts";

export interface LinuxSocketEvents {
  /** There is something to send, for `flush`. */
  dirty(socket: LinuxSocket): void;
  /** Its descriptor is about to be closed. */
  closing(socket: LinuxSocket): void;
}

export class LinuxSocket implements UdpSocket {
  readonly descriptor: number;
  readonly port: number;
  onDatagram: UdpSocket["onDatagram"];
  readonly #libc: Libc;
  readonly #batch: Batch;
  readonly #events: LinuxSocketEvents;
  #isClosed = false;

  constructor(libc: Libc, at: Pick<UdpEnd, "ip" | "port">, events: LinuxSocketEvents) {
    this.#libc = libc;
    this.#events = events;
    this.descriptor = open(libc, at);
    this.port = boundPort(libc, this.descriptor);
    this.#batch = new Batch(libc, this.descriptor);
  }

  send(datagram: Uint8Array, to: UdpEnd): void {
    if (this.#isClosed) return;
    const wasEmpty = this.#batch.isEmpty;
    this.#batch.add(datagram, to);
    if (wasEmpty && !this.#batch.isEmpty) this.#events.dirty(this);
  }

  flush(): void {
    if (!this.#isClosed) this.#batch.send();
  }

  /** Hands on some of what has come. @returns whether there may be more. */
  drain(receiver: Receiver): boolean {
    for (let count = 0; count < RECEIVES_A_TURN; count++) {
      if (this.#isClosed) return false;
      const received = receiver.receive(this.descriptor);
      if (received === undefined) return count > 0;
      const { bytes, each, from } = received;
      for (let at = 0; at < bytes.length; at += each) {
        this.onDatagram?.(bytes.subarray(at, at + each), from);
      }
    }
    return true;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#batch.send();
    this.#isClosed = true;
    this.onDatagram = undefined;
    this.#events.closing(this);
    this.#libc.close(this.descriptor);
  }
}

function open(libc: Libc, at: Pick<UdpEnd, "ip" | "port">): number {
  const address = sockaddrOf(at);
  const isV6 = isIPv6(at.ip);
  const descriptor = libc.socket(isV6 ? AF_INET6 : AF_INET, DATAGRAMS, 0);
  if (descriptor < 0) throw new Error(`There are no UDP sockets for ${at.ip} on this machine`);
  if (isV6) set(IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (libc.bind(descriptor, address, address.length) !== 0) {
    libc.close(descriptor);
    throw new Error(`Cannot bind UDP port ${at.port} of ${at.ip}: it is in use, or not allowed`);
  }
  set(SOL_SOCKET, SO_RCVBUF, UDP_BUFFER_BYTES);
  set(SOL_SOCKET, SO_SNDBUF, UDP_BUFFER_BYTES);
  set(IPPROTO_UDP, UDP_GRO, 1); // an old kernel has none, and hands them out one by one
  return descriptor;

  function set(level: number, name: number, value: number): void {
    libc.setsockopt(descriptor, level, name, new Int32Array([value]), 4);
  }
}

function boundPort(libc: Libc, descriptor: number): number {
  const address: Bytes = new Uint8Array(SOCKADDR_BYTES);
  libc.getsockname(descriptor, address, new Uint32Array([address.length]));
  return endOf(address).port;
}
