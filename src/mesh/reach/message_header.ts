import { addressOf, type Bytes, SOCKADDR_BYTES } from "./linux_calls.ts";

const MSGHDR_BYTES = 56;
const IOVEC_BYTES = 16;

/** A `struct msghdr` with one buffer, the other end's address, and a control message. It holds all that it points to. */
export class MessageHeader {
  readonly bytes: Bytes = new Uint8Array(MSGHDR_BYTES);
  readonly name: Bytes = new Uint8Array(SOCKADDR_BYTES);
  readonly control: DataView<ArrayBuffer>;
  readonly #control: Bytes;
  readonly #buffer: Bytes;
  readonly #iovec: Bytes = new Uint8Array(IOVEC_BYTES);
  readonly #head = new DataView(this.bytes.buffer);
  readonly #pieces = new DataView(this.#iovec.buffer);

  constructor(buffer: Bytes, controlBytes: number) {
    this.#buffer = buffer;
    this.#control = new Uint8Array(controlBytes);
    this.control = new DataView(this.#control.buffer);
    this.#pieces.setBigUint64(0, addressOf(this.#buffer), true);
    this.bufferLength = buffer.length;
    this.#head.setBigUint64(0, addressOf(this.name), true);
    this.#head.setBigUint64(16, addressOf(this.#iovec), true);
    this.#head.setBigUint64(24, 1n, true);
    this.#head.setBigUint64(32, addressOf(this.#control), true);
  }

  set bufferLength(length: number) {
    this.#pieces.setBigUint64(8, BigInt(length), true);
  }

  get nameLength(): number {
    return this.#head.getUint32(8, true);
  }

  set nameLength(length: number) {
    this.#head.setUint32(8, length, true);
  }

  get controlLength(): number {
    return Number(this.#head.getBigUint64(40, true));
  }

  set controlLength(length: number) {
    this.#head.setBigUint64(40, BigInt(length), true);
  }
}
