import { z } from "zod";
import { type ByteSource } from "../base/byte_pump.ts";
import { MAX_RPC_OPENING_BYTES } from "../base/defaults.ts";
import { FrameError } from "../base/errors.ts";
import { encodeFrame, FrameDecoder } from "../base/frame_codec.ts";
import { modelFields } from "../base/model_fields.ts";
import type { ModelRef } from "../base/types.ts";

/** The first frame of `/mesh-llm/rpc/1`; llama.cpp's own bytes follow it unframed. */
export interface RpcOpening {
  /** The assignment under which the host's llama-server runs. */
  readonly term: number;
  /** The model of the split; left out by nodes of earlier versions, which have one split at most. */
  readonly model?: ModelRef | undefined;
  /** The version of messages about weights that the host's end speaks; left out by those that speak none. */
  readonly weights?: number | undefined;
}

const OPENING = 1;

const openingSchema = z.object({
  term: z.int().nonnegative(),
  ...z.object(modelFields).partial().shape,
  weights: z.int().positive().optional(),
}).refine(({ model, fingerprint }) => (model === undefined) === (fingerprint === undefined));

export function encodeRpcOpening({ model, ...opening }: RpcOpening): Uint8Array {
  const named = model && { model: model.name, fingerprint: model.fingerprint };
  return encodeFrame(OPENING, new TextEncoder().encode(JSON.stringify({ ...opening, ...named })));
}

/**
 * Reads the opening, and hands back the bytes that came behind it.
 * @throws {FrameError} where the stream begins with anything else, or what the source throws.
 */
export async function readRpcOpening(
  source: ByteSource,
): Promise<{ opening: RpcOpening; rest: Uint8Array }> {
  const decoder = new FrameDecoder(new Map([[OPENING, MAX_RPC_OPENING_BYTES]]));
  for (;;) {
    const bytes = await source.read();
    if (bytes === null) throw new FrameError("The stream closed before its opening");
    decoder.push(bytes);
    const frame = decoder.next();
    if (frame !== undefined) return { opening: parse(frame.payload), rest: decoder.rest() };
  }
}

function parse(payload: Uint8Array): RpcOpening {
  try {
    const { model: name, fingerprint, ...opening } = openingSchema.parse(
      JSON.parse(new TextDecoder().decode(payload)),
    );
    return name === undefined || fingerprint === undefined
      ? opening
      : { ...opening, model: { name, fingerprint } };
  } catch (error) {
    throw new FrameError("Could not read the opening of an RPC stream", { cause: error });
  }
}
