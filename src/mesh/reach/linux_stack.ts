import { openLibc } from "./linux_calls.ts";
import { LinuxSocket } from "./linux_socket.ts";
import { Receiver } from "./linux_receiver.ts";
import type { UdpSocket, UdpStack } from "./udp_socket.ts";
import { udpEnd } from "./udp_end.ts";

/** All sockets of a node: Deno waits for them, and the system's own calls, which never wait, move many datagrams each. */
export class LinuxStack implements UdpStack {
  readonly kind = "linux";
  readonly #library: ReturnType<typeof openLibc>;
  readonly #receiver: Receiver;
  /** Until nothing of them waits for the system any more. */
  readonly #sockets = new Set<LinuxSocket>();
  readonly #dirty = new Set<LinuxSocket>();
  #isReading = false;
  #isClosed = false;

  private constructor(library: ReturnType<typeof openLibc>) {
    this.#library = library;
    this.#receiver = new Receiver(library.symbols);
  }

  /** @throws on another system, and where foreign calls or a look at this process's descriptors are refused. */
  static open(): LinuxStack {
    if (Deno.build.os !== "linux") throw new Error("These are calls of Linux");
    const library = openLibc();
    const stack = new LinuxStack(library);
    try {
      stack.bind("127.0.0.1", 0).close();
      return stack;
    } catch (error) {
      library.close();
      throw error;
    }
  }

  bind(ip: string, port: number): UdpSocket {
    if (this.#isClosed) throw new Error("The UDP sockets of this node are closed");
    const socket = new LinuxSocket(this.#library.symbols, udpEnd(ip, port), {
      dirty: (one) => this.#flushSoon(one),
      closing: (one) => this.#dirty.delete(one),
      read: (some) => this.#read(some),
    });
    this.#sockets.add(socket);
    void socket.ended.then(() => this.#sockets.delete(socket));
    return socket;
  }

  async close(): Promise<void> {
    if (!this.#isClosed) { for (const socket of this.#sockets) socket.close(); }
    const isFirst = !this.#isClosed;
    this.#isClosed = true;
    await Promise.all([...this.#sockets].map(({ ended }) => ended));
    if (isFirst) this.#library.close();
  }

  /** All that the datagrams of one turn cause to be sent leaves together. */
  #read<T>(some: (receiver: Receiver) => T): T {
    this.#isReading = true;
    try {
      return some(this.#receiver);
    } finally {
      this.#isReading = false;
      this.#flush();
    }
  }

  #flushSoon(socket: LinuxSocket): void {
    this.#dirty.add(socket);
    if (!this.#isReading && this.#dirty.size === 1) queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    for (const socket of this.#dirty) socket.flush();
    this.#dirty.clear();
  }
}
