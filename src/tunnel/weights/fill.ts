import type { ByteSink } from "../base/byte_pump.ts";
import type { RpcLayout } from "../rpc_wire/layouts.ts";
import { RpcCommand } from "../rpc_wire/commands.ts";
import { headOf, readSetTensor } from "./set_tensor.ts";
import type { Weight, WeightSource } from "./weight_source.ts";

/** A SET_TENSOR without its data, and what they are. */
export interface FrameToFill {
  readonly head: Uint8Array;
  readonly sha256: string;
  readonly layout: RpcLayout;
}

/** A weight's verified bytes on their way from the disk; the first of them are being read already. */
export interface OpenedWeight {
  readonly byteLength: number;
  readonly first: Promise<Uint8Array | undefined>;
  readonly pieces: AsyncGenerator<Uint8Array>;
}

/** Begins to read what the frame shall be filled with; `undefined` where it is not on this machine. */
export async function openWeight(
  { head, sha256, layout }: FrameToFill,
  weights: WeightSource,
): Promise<OpenedWeight | undefined> {
  const weight = weightOf(head, sha256, layout);
  const pieces = weight && await weights.read(weight).catch(() => undefined);
  if (weight === undefined || pieces === undefined) return undefined;
  return { byteLength: weight.byteLength, first: nextPiece(pieces), pieces };
}

/** Gives up what was opened. */
export async function closeWeight({ pieces }: OpenedWeight): Promise<void> {
  await pieces.return(undefined);
}

/**
 * Writes a SET_TENSOR with data from this machine. The frame that rpc-server gets is whole in any case:
 * where the bytes turn out wrong in the middle, zeros fill it up, the answer is `false`, and the caller
 * sees to it that the right ones follow before anything else does. @returns whether the data are right.
 */
export async function fillFrame(
  head: Uint8Array,
  opened: OpenedWeight,
  rpcServer: ByteSink,
): Promise<boolean> {
  const { byteLength, first, pieces } = opened;
  let written = 0;
  for (let piece = await first; piece !== undefined; piece = await nextPiece(pieces)) {
    if (written === 0) await rpcServer.write(head);
    await rpcServer.write(piece.subarray(0, byteLength - written));
    written += piece.length;
  }
  if (written > 0) await writeZeros(byteLength - written, rpcServer);
  return written === byteLength;
}

/** The weight that the frame sets, if the frame is one that can be filled. */
function weightOf(bytes: Uint8Array, sha256: string, layout: RpcLayout): Weight | undefined {
  const head = headOf(bytes);
  const found = head.command === RpcCommand.SET_TENSOR ? readSetTensor(head, layout) : undefined;
  return found && { ...found.tensor, byteLength: found.byteLength, sha256 };
}

/** `undefined` at the end, and where the bytes are not what they were. */
async function nextPiece(pieces: AsyncGenerator<Uint8Array>): Promise<Uint8Array | undefined> {
  try {
    const { done, value } = await pieces.next();
    return done ? undefined : value;
  } catch {
    return undefined;
  }
}

const ZEROS = new Uint8Array(64 * 1024);

async function writeZeros(count: number, rpcServer: ByteSink): Promise<void> {
  for (let rest = count; rest > 0; rest -= ZEROS.length) {
    await rpcServer.write(ZEROS.subarray(0, Math.min(rest, ZEROS.length)));
  }
}
