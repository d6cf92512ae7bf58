import { EVENT_FLAGS, openLibc } from "./linux_calls.ts";
import { PollList } from "./linux_poll_list.ts";
import { LinuxSocket } from "./linux_socket.ts";
import { Receiver } from "./linux_receiver.ts";
import { TURNS_AT_ONCE } from "./defaults.ts";
import type { UdpSocket, UdpStack } from "./udp_socket.ts";
import { udpEnd } from "./udp_end.ts";

/**
 * All sockets of a node, by the system's own calls: one of them waits for all, on a thread of Deno's, and those that move
 * datagrams never wait. A worker would answer sooner, but the ways over other members begin and end here, and one that
 * is ended while it waits keeps the process from ending.
 */
export class LinuxStack implements UdpStack {
  readonly kind = "linux";
  readonly #library: ReturnType<typeof openLibc>;
  readonly #receiver: Receiver;
  readonly #sockets = new Set<LinuxSocket>();
  readonly #dirty = new Set<LinuxSocket>();
  /** Ends the wait when it is written to. */
  readonly #wake: number;
  readonly #list: PollList;
  #waiting: Promise<void> | undefined;
  #isReading = false;
  #isClosed = false;

  private constructor(library: ReturnType<typeof openLibc>, wake: number) {
    this.#library = library;
    this.#receiver = new Receiver(library.symbols);
    this.#wake = wake;
    this.#list = new PollList(library.symbols);
  }

  /** @throws on another system, and where foreign calls are refused. */
  static open(): LinuxStack {
    if (Deno.build.os !== "linux") throw new Error("These are calls of Linux");
    const library = openLibc();
    const wake = library.symbols.eventfd(0, EVENT_FLAGS);
    if (wake >= 0) return new LinuxStack(library, wake);
    library.close();
    throw new Error("There is no descriptor left");
  }

  bind(ip: string, port: number): UdpSocket {
    if (this.#isClosed) throw new Error("The UDP sockets of this node are closed");
    const socket = new LinuxSocket(this.#library.symbols, udpEnd(ip, port), {
      dirty: (one) => this.#flushSoon(one),
      closing: (one) => {
        this.#sockets.delete(one);
        this.#dirty.delete(one);
        this.#wakeUp();
      },
    });
    this.#sockets.add(socket);
    this.#wakeUp();
    this.#waiting ??= this.#run();
    return socket;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return await this.#waiting;
    this.#isClosed = true;
    for (const socket of [...this.#sockets]) socket.close();
    this.#wakeUp();
    await this.#waiting;
    this.#list.free();
    this.#library.symbols.close(this.#wake);
    this.#library.close();
  }

  #wakeUp(): void {
    this.#library.symbols.write(this.#wake, new BigUint64Array([1n]), 8n);
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    while (!this.#isClosed) {
      await this.#wait();
      this.#library.symbols.read(this.#wake, new BigUint64Array(1), 8n);
      this.#isReading = true;
      this.#drain();
      this.#isReading = false;
      this.#flush();
    }
  }

  async #wait(): Promise<void> {
    const descriptors = [this.#wake, ...[...this.#sockets].map(({ descriptor }) => descriptor)];
    const list = this.#list.set(descriptors);
    await this.#library.symbols.poll(list, BigInt(descriptors.length), -1);
  }

  /** Datagrams that come meanwhile are taken too, up to a bound: waiting anew costs more than all of it. */
  #drain(): void {
    for (let turn = 0; turn < TURNS_AT_ONCE; turn++) {
      const more = [...this.#sockets].map((socket) => socket.drain(this.#receiver));
      this.#flush();
      if (!more.includes(true)) return;
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
