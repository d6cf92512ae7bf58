import {
  type Bytes,
  endOf,
  IPPROTO_UDP,
  type Libc,
  MSG_DONTWAIT,
  SOCKADDR_BYTES,
  UDP_GRO,
} from "./linux_calls.ts";
import { MessageHeader } from "./message_header.ts";
import { MAX_REMEMBERED_ENDS } from "./defaults.ts";
import type { UdpEnd } from "./udp_end.ts";

const CONTROL_BYTES = 64;
/** More than a datagram and than what Linux joins. */
const BUFFER_BYTES = 65_536;

/** Datagrams of one sender that came together: all of one length, but for the last, which may be shorter. */
export interface Received {
  readonly bytes: Uint8Array;
  readonly each: number;
  readonly from: UdpEnd;
}

/** One header with its buffers for all sockets: whatever was received is used before the next. */
export class Receiver {
  readonly #libc: Libc;
  readonly #buffer: Bytes = new Uint8Array(BUFFER_BYTES);
  readonly #message = new MessageHeader(this.#buffer, CONTROL_BYTES);
  readonly #senders = new Map<string, UdpEnd>();
  #last: { readonly text: string; readonly end: UdpEnd } | undefined;

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  /** `undefined` where nothing has come. */
  receive(descriptor: number): Received | undefined {
    this.#message.nameLength = SOCKADDR_BYTES;
    this.#message.controlLength = CONTROL_BYTES;
    const length = Number(this.#libc.recvmsg(descriptor, this.#message.bytes, MSG_DONTWAIT));
    if (length < 0) return undefined;
    const bytes = this.#buffer.subarray(0, length);
    return { bytes, each: this.#segmentBytes() || length, from: this.#sender() };
  }

  /** Zero where one datagram came alone. The control message is `len u64, level i32, type i32, value i32`. */
  #segmentBytes(): number {
    const { control, controlLength } = this.#message;
    if (controlLength < 20 || control.getInt32(8, true) !== IPPROTO_UDP) return 0;
    return control.getInt32(12, true) === UDP_GRO ? control.getInt32(16, true) : 0;
  }

  /** Mostly the one of before: the same object each time, which is quick to compare. */
  #sender(): UdpEnd {
    const { name, nameLength } = this.#message;
    const text = String.fromCharCode(...name.subarray(0, nameLength));
    if (this.#last?.text === text) return this.#last.end;
    const end = this.#senders.get(text) ?? endOf(name);
    if (this.#senders.size >= MAX_REMEMBERED_ENDS) this.#senders.clear();
    this.#senders.set(text, end);
    this.#last = { text, end };
    return end;
  }
}
