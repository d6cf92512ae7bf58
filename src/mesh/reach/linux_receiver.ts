import {
  addressOf,
  type Bytes,
  endOf,
  IPPROTO_UDP,
  type Libc,
  MSG_DONTWAIT,
  SOCKADDR_BYTES,
  UDP_GRO,
} from "./linux_calls.ts";
import { MAX_REMEMBERED_ENDS } from "./defaults.ts";
import type { UdpEnd } from "./udp_end.ts";

const MSGHDR_BYTES = 56;
const IOVEC_BYTES = 16;
const CONTROL_BYTES = 64;
/** More than a datagram and than what Linux joins. */
const BUFFER_BYTES = 65_536;

/** Datagrams of one sender that came together: all of one length, but for the last, which may be shorter. */
export interface Received {
  readonly bytes: Uint8Array;
  readonly each: number;
  readonly from: UdpEnd;
}

/** One `struct msghdr` with its buffers, for all sockets: whatever was received is used before the next. */
export class Receiver {
  readonly #libc: Libc;
  readonly #buffer: Bytes = new Uint8Array(BUFFER_BYTES);
  readonly #name: Bytes = new Uint8Array(SOCKADDR_BYTES);
  readonly #control: Bytes = new Uint8Array(CONTROL_BYTES);
  readonly #iovec: Bytes = new Uint8Array(IOVEC_BYTES);
  readonly #message: Bytes = new Uint8Array(MSGHDR_BYTES);
  readonly #head = new DataView(this.#message.buffer);
  readonly #controls = new DataView(this.#control.buffer);
  readonly #senders = new Map<string, UdpEnd>();
  #last: { readonly text: string; readonly end: UdpEnd } | undefined;

  constructor(libc: Libc) {
    this.#libc = libc;
    const pieces = new DataView(this.#iovec.buffer);
    pieces.setBigUint64(0, addressOf(this.#buffer), true);
    pieces.setBigUint64(8, BigInt(BUFFER_BYTES), true);
    this.#head.setBigUint64(0, addressOf(this.#name), true);
    this.#head.setBigUint64(16, addressOf(this.#iovec), true);
    this.#head.setBigUint64(24, 1n, true);
    this.#head.setBigUint64(32, addressOf(this.#control), true);
  }

  /** `undefined` where nothing has come. */
  receive(descriptor: number): Received | undefined {
    this.#head.setUint32(8, SOCKADDR_BYTES, true);
    this.#head.setBigUint64(40, BigInt(CONTROL_BYTES), true);
    const length = Number(this.#libc.recvmsg(descriptor, this.#message, MSG_DONTWAIT));
    if (length < 0) return undefined;
    const bytes = this.#buffer.subarray(0, length);
    return { bytes, each: this.#segmentBytes() || length, from: this.#sender() };
  }

  /** Zero where one datagram came alone. The control message is `len u64, level i32, type i32, value i32`. */
  #segmentBytes(): number {
    const length = Number(this.#head.getBigUint64(40, true));
    if (length < 20 || this.#controls.getInt32(8, true) !== IPPROTO_UDP) return 0;
    return this.#controls.getInt32(12, true) === UDP_GRO ? this.#controls.getInt32(16, true) : 0;
  }

  /** Mostly the one of before: the same object each time, which is quick to compare. */
  #sender(): UdpEnd {
    const length = this.#head.getUint32(8, true);
    const text = String.fromCharCode(...this.#name.subarray(0, length));
    if (this.#last?.text === text) return this.#last.end;
    const end = this.#senders.get(text) ?? endOf(this.#name);
    if (this.#senders.size >= MAX_REMEMBERED_ENDS) this.#senders.clear();
    this.#senders.set(text, end);
    this.#last = { text, end };
    return end;
  }
}
