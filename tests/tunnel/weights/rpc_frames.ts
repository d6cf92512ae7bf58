import { RpcCommand } from "../../../src/tunnel/rpc_wire/commands.ts";
import { joined } from "../byte_cuts.ts";
import { request } from "../rpc_wire/frames.ts";
import { type FakeWeight, fnv } from "./fake_weights.ts";

type TensorLike = Pick<FakeWeight, "name" | "type" | "shape">;

/** An `rpc_tensor` of 296 bytes. */
export function tensorBytes({ name, type, shape }: TensorLike): Uint8Array {
  const bytes = new Uint8Array(296);
  const view = new DataView(bytes.buffer);
  view.setUint32(8, type, true);
  for (let index = 0; index < 4; index++) view.setUint32(20 + 4 * index, shape[index] ?? 1, true);
  bytes.set(new TextEncoder().encode(name), 228);
  return bytes;
}

export const HELLO = request(RpcCommand.HELLO, new Uint8Array(24).fill(0x55));

/** SET_TENSOR of protocol 8.0. llama-server marks what it offered by hash before. */
export function setTensor(weight: FakeWeight, offset = 0): Uint8Array {
  const mark = weight.bytes.length > 10 * 1024 * 1024 ? 1 : 0;
  const prefix = joined([tensorBytes(weight), Uint8Array.of(mark), u64(BigInt(offset))]);
  return request(RpcCommand.SET_TENSOR, joined([prefix, weight.bytes]));
}

/** The same as the worker's end writes it, which offers nothing. */
export function filledTensor(weight: FakeWeight): Uint8Array {
  const frame = setTensor(weight);
  frame[9 + 296] = 0;
  return frame;
}

export function setTensorHash(weight: FakeWeight, hash = fnv(weight.bytes)): Uint8Array {
  const payload = joined([tensorBytes(weight), u64(0n), u64(BigInt(`0x${hash}`))]);
  return request(RpcCommand.SET_TENSOR_HASH, payload);
}

function u64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes;
}
