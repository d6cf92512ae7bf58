/** The part of `rpc_tensor` that tells which tensor it is. */
export interface RpcTensor {
  readonly name: string;
  /** ggml type number. */
  readonly type: number;
  /** Without the ones that fill it up to four dimensions. */
  readonly shape: readonly number[];
}

/** The same in all versions known; its last four bytes are padding or a use count. */
export const TENSOR_BYTES = 296;

const TYPE_AT = 8;
const SHAPE_AT = 20;
const DIMENSIONS = 4;
const NAME_AT = 228;
const NAME_BYTES = 64;

const DECODER = new TextDecoder();

/** @param bytes at least {@linkcode TENSOR_BYTES} of them. */
export function readTensor(bytes: Uint8Array): RpcTensor {
  const view = new DataView(bytes.buffer, bytes.byteOffset, TENSOR_BYTES);
  const shape = Array.from(
    { length: DIMENSIONS },
    (_, index) => view.getUint32(SHAPE_AT + 4 * index, true),
  );
  const name = bytes.subarray(NAME_AT, NAME_AT + NAME_BYTES);
  const end = name.indexOf(0);
  return {
    name: DECODER.decode(end === -1 ? name : name.subarray(0, end)),
    type: view.getUint32(TYPE_AT, true),
    shape: trimShape(shape),
  };
}

/** A GGUF may leave out what an RPC tensor always has: [96] and [96, 1, 1, 1] are one shape. */
export function trimShape(shape: readonly number[]): readonly number[] {
  let length = shape.length;
  while (length > 1 && shape[length - 1] === 1) length--;
  return shape.slice(0, length);
}
