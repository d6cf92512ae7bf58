import { connect, type Socket } from "node:net";
import { RpcCommand } from "../../../src/tunnel/rpc_wire/commands.ts";
import { TENSOR_BYTES } from "../../../src/tunnel/rpc_wire/rpc_tensor.ts";

/** The places in an `rpc_tensor` that a reader of its bytes must fill: type F32 is zero. */
const BUFFER_AT = 12;
const SHAPE_AT = 20;
const STRIDES_AT = 36;
const DATA_AT = 220;
const F32_BYTES = 4;
const ALIGNED_BYTES = 4_096;

/** A client of an rpc-server, of protocol 8, as far as reading a tensor needs one. */
export class RpcClient implements Disposable {
  readonly #socket: Socket;
  #received = new Uint8Array(0);
  #wake: () => void = () => {};
  #failure: Error | undefined;

  private constructor(port: number) {
    this.#socket = connect({ host: "127.0.0.1", port, noDelay: true });
    this.#socket.on("data", (bytes) => this.#take(bytes));
    this.#socket.on("error", (error) => this.#fail(error));
    this.#socket.on("close", () => this.#fail(new Error("The rpc-server hung up")));
  }

  /** @returns a client, and a function that reads so many bytes of a tensor: one round trip. */
  static async reading(port: number, byteLength: number) {
    const client = new RpcClient(port);
    await client.#ask(RpcCommand.HELLO, new Uint8Array(24));
    const size = new DataView(new ArrayBuffer(12));
    size.setBigUint64(4, BigInt(Math.max(byteLength, ALIGNED_BYTES)), true);
    const buffer = (await client.#ask(RpcCommand.ALLOC_BUFFER, bytesOf(size))).subarray(0, 8);
    const base = await client.#ask(RpcCommand.BUFFER_GET_BASE, buffer);
    const request = getTensor(buffer, base, byteLength);
    return { client, read: () => client.#ask(RpcCommand.GET_TENSOR, request) };
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  /** Frames and their replies are a length and so many bytes; a request's command stands before it. */
  async #ask(command: number, payload: Uint8Array): Promise<Uint8Array> {
    const frame = new Uint8Array(9 + payload.length);
    frame[0] = command;
    new DataView(frame.buffer).setBigUint64(1, BigInt(payload.length), true);
    frame.set(payload, 9);
    this.#socket.write(frame);
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const reply = this.#received;
      const end = reply.length < 8 ? Infinity : 8 + Number(viewOf(reply).getBigUint64(0, true));
      if (reply.length >= end) {
        this.#received = reply.slice(end);
        return reply.subarray(8, end);
      }
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  #take(bytes: Uint8Array): void {
    const all = new Uint8Array(this.#received.length + bytes.length);
    all.set(this.#received);
    all.set(bytes, this.#received.length);
    this.#received = all;
    this.#wake();
  }

  #fail(reason: Error): void {
    this.#failure ??= reason;
    this.#wake();
  }
}

function getTensor(buffer: Uint8Array, base: Uint8Array, byteLength: number): Uint8Array {
  const request = new DataView(new ArrayBuffer(TENSOR_BYTES + 16));
  bytesOf(request).set(buffer, BUFFER_AT);
  bytesOf(request).set(base, DATA_AT);
  for (let dimension = 0; dimension < 4; dimension++) {
    request.setUint32(SHAPE_AT + 4 * dimension, dimension === 0 ? byteLength / F32_BYTES : 1, true);
    const stride = dimension === 0 ? F32_BYTES : byteLength;
    request.setUint32(STRIDES_AT + 4 * dimension, stride, true);
  }
  request.setBigUint64(TENSOR_BYTES + 8, BigInt(byteLength), true);
  return bytesOf(request);
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

function bytesOf({ buffer, byteOffset, byteLength }: DataView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
