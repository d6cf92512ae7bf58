import {
  type Bytes,
  IPPROTO_UDP,
  type Libc,
  MSG_DONTWAIT,
  sockaddrOf,
  UDP_SEGMENT,
} from "./linux_calls.ts";
import { MessageHeader } from "./message_header.ts";
import { MAX_REMEMBERED_ENDS, MAX_SEGMENTS, MAX_UDP_BYTES } from "./defaults.ts";
import type { UdpEnd } from "./udp_end.ts";

/** A `struct cmsghdr` with a `u16`, padded. */
const CONTROL_BYTES = 24;
/** `sizeof(struct cmsghdr)` and the value, without padding. */
const CONTROL_LENGTH = 18n;

/** Datagrams that leave in one call: for one end, all of one length, but for the last, which may be shorter. */
export class Batch {
  readonly #libc: Libc;
  readonly #descriptor: number;
  readonly #buffer: Bytes = new Uint8Array(MAX_UDP_BYTES);
  readonly #message = new MessageHeader(this.#buffer, CONTROL_BYTES);
  readonly #addresses = new Map<string, Bytes>();
  #to: UdpEnd | undefined;
  #each = 0;
  #count = 0;
  #length = 0;
  /** Some devices can't; then each datagram is a call. */
  #cuts = true;

  constructor(libc: Libc, descriptor: number) {
    this.#libc = libc;
    this.#descriptor = descriptor;
    const { control } = this.#message;
    control.setBigUint64(0, CONTROL_LENGTH, true);
    control.setInt32(8, IPPROTO_UDP, true);
    control.setInt32(12, UDP_SEGMENT, true);
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  add(datagram: Uint8Array, to: UdpEnd): void {
    if (datagram.length === 0 || datagram.length > MAX_UDP_BYTES) return;
    if (!this.#takes(datagram.length, to)) this.send();
    if (this.#count === 0) {
      this.#to = to;
      this.#each = datagram.length;
    }
    this.#buffer.set(datagram, this.#length);
    this.#length += datagram.length;
    this.#count += 1;
    const isLast = datagram.length < this.#each || this.#count === MAX_SEGMENTS || !this.#cuts;
    if (isLast) this.send();
  }

  #takes(length: number, to: UdpEnd): boolean {
    if (this.#count === 0) return true;
    return this.#to?.key === to.key && length <= this.#each &&
      this.#length + length <= MAX_UDP_BYTES;
  }

  /** Sends all that was added. */
  send(): void {
    if (this.#count === 0 || this.#to === undefined) return;
    const address = this.#addressOf(this.#to);
    if (this.#count === 1 || !this.#sendTogether(address)) this.#sendSingly(address);
    this.#count = 0;
    this.#length = 0;
  }

  #sendTogether(address: Bytes): boolean {
    const message = this.#message;
    message.name.set(address);
    message.nameLength = address.length;
    message.bufferLength = this.#length;
    message.control.setUint16(16, this.#each, true);
    message.controlLength = CONTROL_BYTES;
    return Number(this.#libc.sendmsg(this.#descriptor, message.bytes, MSG_DONTWAIT)) >= 0;
  }

  /** A full socket refuses the first of them as it refused all; a device that can't cut takes it. */
  #sendSingly(address: Bytes): void {
    for (let at = 0; at < this.#length; at += this.#each) {
      const one = this.#buffer.subarray(at, Math.min(at + this.#each, this.#length));
      const sent = this.#libc.sendto(
        this.#descriptor,
        one,
        BigInt(one.length),
        MSG_DONTWAIT,
        address,
        address.length,
      );
      if (Number(sent) < 0) return;
      if (this.#count > 1) this.#cuts = false;
    }
  }

  #addressOf(to: UdpEnd): Bytes {
    const known = this.#addresses.get(to.key);
    if (known !== undefined) return known;
    if (this.#addresses.size >= MAX_REMEMBERED_ENDS) this.#addresses.clear();
    const made = sockaddrOf(to);
    this.#addresses.set(to.key, made);
    return made;
  }
}
