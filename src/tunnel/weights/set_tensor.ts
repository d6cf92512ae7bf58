import { RpcCommand } from "../rpc_wire/commands.ts";
import type { RpcLayout } from "../rpc_wire/layouts.ts";
import { readTensor, type RpcTensor, TENSOR_BYTES, trimShape } from "../rpc_wire/rpc_tensor.ts";
import type { WireHead } from "../rpc_wire/wire_decoder.ts";
import type { Weight } from "./weight_source.ts";

const HEADER_BYTES = 9;
const OFFSET_BYTES = 8;
const HASH_AT = TENSOR_BYTES + OFFSET_BYTES;
const HASH_PAYLOAD_BYTES = HASH_AT + 8;

/** A tensor that is set whole. */
export interface TensorToSet {
  readonly tensor: RpcTensor;
  readonly byteLength: number;
}

/** The length of the data of a SET_TENSOR. */
export function dataBytes({ size }: Pick<WireHead, "size">, layout: RpcLayout): number {
  return Math.max(0, size - layout.setTensorPrefixBytes);
}

/** The weight that a SET_TENSOR sets; `undefined` if it sets a part of a tensor, or is none. */
export function readSetTensor(
  head: Pick<WireHead, "payload" | "size">,
  layout: RpcLayout,
): TensorToSet | undefined {
  const { payload, size } = head;
  if (payload.length !== layout.setTensorPrefixBytes) return undefined;
  if (offsetAt(payload, layout.setTensorOffsetAt) !== 0n) return undefined;
  return { tensor: readTensor(payload), byteLength: size - payload.length };
}

/** The weight that a SET_TENSOR_HASH asks for, with the hash as 16 hex digits. */
export function readSetTensorHash(
  payload: Uint8Array,
): { readonly tensor: RpcTensor; readonly fnv1a64: string } | undefined {
  if (payload.length !== HASH_PAYLOAD_BYTES || offsetAt(payload, TENSOR_BYTES) !== 0n) {
    return undefined;
  }
  const hash = viewOf(payload).getBigUint64(HASH_AT, true);
  return { tensor: readTensor(payload), fnv1a64: hash.toString(16).padStart(16, "0") };
}

/** The beginning of the SET_TENSOR that sets what a SET_TENSOR_HASH asked for, from its first byte on. */
export function headForHash(
  hashPayload: Uint8Array,
  byteLength: number,
  { setTensorPrefixBytes }: RpcLayout,
): Uint8Array {
  const head = new Uint8Array(HEADER_BYTES + setTensorPrefixBytes);
  head[0] = RpcCommand.SET_TENSOR;
  viewOf(head).setBigUint64(1, BigInt(setTensorPrefixBytes + byteLength), true);
  head.set(hashPayload.subarray(0, TENSOR_BYTES), HEADER_BYTES);
  return head;
}

/** A head that came in one piece, as the decoder would have given it. */
export function headOf(bytes: Uint8Array): Pick<WireHead, "command" | "payload" | "size"> {
  if (bytes.length < HEADER_BYTES) return { command: -1, payload: new Uint8Array(0), size: 0 };
  return {
    command: bytes[0] ?? -1,
    size: Number(viewOf(bytes).getBigUint64(1, true)),
    payload: bytes.subarray(HEADER_BYTES),
  };
}

/** Whether the frame's tensor can be that weight: its bytes alone are still to be compared. */
export function mayBe(weight: Weight, tensor: RpcTensor): boolean {
  return weight.name === tensor.name && weight.type === tensor.type &&
    trimShape(weight.shape).join() === tensor.shape.join();
}

function offsetAt(payload: Uint8Array, at: number): bigint {
  return viewOf(payload).getBigUint64(at, true);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
