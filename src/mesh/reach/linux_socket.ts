import { setImmediate as nextTurn } from "node:timers/promises";
import { pause } from "../../base/pause.ts";
import {
  ALONE_BYTES,
  BULK_DATAGRAMS,
  BULK_PAUSE_MS,
  READ_RETRY_MS,
  RECEIVES_A_TURN,
  UDP_BUFFER_BYTES,
} from "./defaults.ts";
import { Batch } from "./linux_batch.ts";
import {
  descriptorOf,
  IPPROTO_UDP,
  type Libc,
  openV6Only,
  portOf,
  SHUT_RDWR,
  SO_RCVBUF,
  SO_SNDBUF,
  SOL_SOCKET,
  UDP_GRO,
} from "./linux_calls.ts";
import type { Receiver } from "./linux_receiver.ts";
import { LinuxWait } from "./linux_wait.ts";
import { type UdpEnd, udpEnd } from "./udp_end.ts";
import type { UdpSocket } from "./udp_socket.ts";

export interface LinuxSocketEvents {
  /** There is something to send, for `flush`. */
  dirty(socket: LinuxSocket): void;
  /** Its descriptor is about to be closed. */
  closing(socket: LinuxSocket): void;
  /** Hands on what has come: see `LinuxStack`. */
  read<T>(some: (receiver: Receiver) => T): T;
}

type Alone = readonly [datagram: Uint8Array, from: UdpEnd];

/**
 * A socket that Deno has opened. While few datagrams come, Deno waits for them in the event loop itself: a wait on a thread is
 * two changes of threads for each. While many come, Linux joins them, and they wait as joined ones, of which its buffer
 * holds several times as many: then a thread waits. Either way all that is there is fetched by the system's own calls.
 */
export class LinuxSocket implements UdpSocket {
  readonly port: number;
  /** Nothing waits for the system any more; never rejects. */
  readonly ended: Promise<void>;
  onDatagram: UdpSocket["onDatagram"];
  readonly #libc: Libc;
  /** Absent for all addresses of IPv6: Deno's would take the port of IPv4 as well. There a thread waits all the time. */
  readonly #socket: Deno.DatagramConn | undefined;
  readonly #descriptor: number;
  readonly #bulk: LinuxWait;
  readonly #batch: Batch;
  readonly #events: LinuxSocketEvents;
  readonly #closing = new AbortController();
  #last: UdpEnd | undefined;

  constructor(libc: Libc, { ip, port }: Pick<UdpEnd, "ip" | "port">, events: LinuxSocketEvents) {
    this.#libc = libc;
    this.#events = events;
    if (ip === "::") {
      this.#descriptor = openV6Only(libc, { ip, port });
      this.port = portOf(libc, this.#descriptor);
    } else {
      this.#socket = Deno.listenDatagram({ transport: "udp", hostname: ip, port });
      this.port = (this.#socket.addr as Deno.NetAddr).port;
      try {
        this.#descriptor = descriptorOf(libc, udpEnd(ip, this.port));
      } catch (error) {
        this.#socket.close();
        throw error;
      }
    }
    this.#set(SOL_SOCKET, SO_RCVBUF, UDP_BUFFER_BYTES);
    this.#set(SOL_SOCKET, SO_SNDBUF, UDP_BUFFER_BYTES);
    this.#batch = new Batch(libc, this.#descriptor);
    this.#bulk = new LinuxWait(libc, this.#descriptor);
    this.ended = this.#run().finally(() => this.#release());
  }

  get #isClosed(): boolean {
    return this.#closing.signal.aborted;
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

  close(): void {
    if (this.#isClosed) return;
    this.#batch.send();
    this.#closing.abort();
    this.onDatagram = undefined;
    this.#events.closing(this);
    if (this.#socket !== undefined) this.#socket.close();
    else this.#libc.shutdown(this.#descriptor, SHUT_RDWR); // which ends the wait
  }

  #release(): void {
    this.#bulk.free();
    if (this.#socket === undefined) this.#libc.close(this.#descriptor);
  }

  /** The two ways to wait take turns, each until it has less to do than the other is for. */
  async #run(): Promise<void> {
    while (!this.#isClosed) {
      if (this.#socket !== undefined) await this.#waitOften(this.#socket);
      if (!this.#isClosed) await this.#waitForMany();
    }
  }

  /**
   * Until many come at once. The length of joined datagrams comes by `recvmsg` alone, so Linux joins none meanwhile, and those that were
   * joined before are fetched first.
   */
  async #waitOften(socket: Deno.DatagramConn): Promise<void> {
    const buffer = new Uint8Array(ALONE_BYTES);
    this.#join(false);
    let first: Alone | undefined;
    while (this.#take(first) < BULK_DATAGRAMS) {
      if (this.#isClosed) return;
      first = await this.#wait(socket, buffer);
    }
  }

  /** Until none come for a while. */
  async #waitForMany(): Promise<void> {
    const pauseMs = this.#socket === undefined ? -1 : BULK_PAUSE_MS;
    this.#join(true);
    do {
      // Some come meanwhile, as a rule: to look is cheaper than to wait.
      while (this.#take() >= BULK_DATAGRAMS) await nextTurn();
      if (this.#isClosed) return;
    } while (await this.#bulk.comes(pauseMs) && !this.#isClosed);
  }

  async #wait(socket: Deno.DatagramConn, buffer: Uint8Array): Promise<Alone | undefined> {
    try {
      const [datagram, from] = await socket.receive(buffer);
      const { hostname, port } = from as Deno.NetAddr;
      if (this.#last?.ip !== hostname || this.#last.port !== port) {
        this.#last = udpEnd(hostname, port);
      }
      return [datagram, this.#last];
    } catch {
      await pause(READ_RETRY_MS, this.#closing.signal);
      return undefined;
    }
  }

  /** Hands on some of what has come. @returns how many datagrams; fewer than `BULK_DATAGRAMS` are all. */
  #take(first?: Alone): number {
    return this.#events.read((receiver) => {
      let count = 0;
      if (first !== undefined) {
        this.onDatagram?.(...first);
        count += 1;
      }
      for (let calls = 0; calls < RECEIVES_A_TURN && !this.#isClosed; calls++) {
        const received = receiver.receive(this.#descriptor);
        if (received === undefined) return count;
        const { bytes, each, from } = received;
        for (let at = 0; at < bytes.length; at += each) {
          this.onDatagram?.(bytes.subarray(at, at + each), from);
          count += 1;
        }
      }
      return count;
    });
  }

  /** An old kernel joins none, and hands them out one by one. */
  #join(joins: boolean): void {
    this.#set(IPPROTO_UDP, UDP_GRO, joins ? 1 : 0);
  }

  #set(level: number, name: number, value: number): void {
    this.#libc.setsockopt(this.#descriptor, level, name, new Int32Array([value]), 4);
  }
}
