/**
 * The messages between the two ends of an RPC stream once both have agreed to: the worker's end begins with {@linkcode
 * AGREEMENT}, and from then on both directions are frames (frame_codec.ts). Before, and with an end that does not know
 * this, llama.cpp's bytes pass as they are.
 */

import { FrameError } from "../base/errors.ts";
import { encodeFrame, encodeFrameHeader, FrameDecoder } from "../base/frame_codec.ts";
import { GATHERED_BYTES, MAX_BYTES_MESSAGE } from "./weight_defaults.ts";

/** The version of these messages: the opening offers it, and only ends of one version agree to any. */
export const LINK_VERSION = 2;

/**
 * The worker's first bytes if it agrees. A reply of rpc-server begins with its length, which these
 * bytes could only be for one of exabytes.
 */
export const AGREEMENT: Uint8Array = Uint8Array.of(0x89, 0x4d, 0x4c, 0x4c, 0x4d, 0x57, 0x0d, 0xf1);

export type LinkMessage =
  /** Bytes of the RPC stream, in the pieces in which they come. */
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  /** To the worker: a SET_TENSOR whose data are that weight. To be filled or refused. */
  | WeightMessage<"refer">
  /** To the worker: the SET_TENSOR that follows as bytes carries the weight that it refused under `id`. */
  | WeightMessage<"carry">
  /** To the host: the reference was filled. */
  | { readonly kind: "filled"; readonly id: number }
  /** To the host: it can't be filled, and nothing but references may pass before its bytes have come. */
  | { readonly kind: "refused"; readonly id: number };

export interface WeightMessage<Kind extends "refer" | "carry"> {
  readonly kind: Kind;
  readonly id: number;
  readonly sha256: string;
  readonly byteLength: number;
  /** The beginning of the RPC frame, up to where its data begin; empty in `carry`. */
  readonly head: Uint8Array;
}

type Kind = LinkMessage["kind"];

const TYPES: Readonly<Record<Kind, number>> = {
  bytes: 1,
  refer: 2,
  carry: 3,
  filled: 4,
  refused: 5,
};

const KINDS = new Map(Object.entries(TYPES).map(([kind, type]) => [type, kind as Kind]));

const ID_BYTES = 4;
const SHA256_AT = ID_BYTES + 8;
const HEAD_AT = SHA256_AT + 32;
/** The longest head is a SET_TENSOR's of 314 bytes. */
const MAX_WEIGHT_MESSAGE = HEAD_AT + 512;

const LIMITS = new Map<number, number>([
  [TYPES.bytes, MAX_BYTES_MESSAGE],
  [TYPES.refer, MAX_WEIGHT_MESSAGE],
  [TYPES.carry, MAX_WEIGHT_MESSAGE],
  [TYPES.filled, ID_BYTES],
  [TYPES.refused, ID_BYTES],
]);

export function encodeMessage(message: LinkMessage): Uint8Array {
  return encodeFrame(TYPES[message.kind], payloadOf(message));
}

/** The beginning of a message of so many RPC bytes, which are not to be copied. */
export function bytesHeader(length: number): Uint8Array {
  return encodeFrameHeader(TYPES.bytes, length);
}

/** Cuts what the other end sends into messages. */
export class MessageDecoder {
  readonly #frames = new FrameDecoder(LIMITS, {
    flows: TYPES.bytes,
    wholeBytes: GATHERED_BYTES,
  });

  push(bytes: Uint8Array): void {
    this.#frames.push(bytes);
  }

  /** Looks no more at what was pushed; nor does any message but one of bytes. */
  release(): void {
    this.#frames.release();
  }

  /** @throws {FrameError} on what is no message. */
  next(): LinkMessage | undefined {
    const frame = this.#frames.next();
    return frame && read(KINDS.get(frame.type), frame.payload);
  }
}

function payloadOf(message: LinkMessage): Uint8Array {
  if (message.kind === "bytes") return message.bytes;
  const hasWeight = "sha256" in message;
  const payload = new Uint8Array(hasWeight ? HEAD_AT + message.head.length : ID_BYTES);
  const view = new DataView(payload.buffer);
  view.setUint32(0, message.id);
  if (!hasWeight) return payload;
  view.setBigUint64(ID_BYTES, BigInt(message.byteLength));
  payload.set(Uint8Array.fromHex(message.sha256), SHA256_AT);
  payload.set(message.head, HEAD_AT);
  return payload;
}

function read(kind: Kind | undefined, payload: Uint8Array): LinkMessage {
  if (kind === "bytes") return { kind, bytes: payload };
  const isWeight = kind === "refer" || kind === "carry";
  if (kind === undefined || payload.length < (isWeight ? HEAD_AT : ID_BYTES)) {
    throw new FrameError("Could not read a message about weights: it is cut short");
  }
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const id = view.getUint32(0);
  if (!isWeight) return { kind, id };
  return {
    kind,
    id,
    byteLength: Number(view.getBigUint64(ID_BYTES)),
    sha256: payload.subarray(SHA256_AT, HEAD_AT).toHex(),
    head: payload.slice(HEAD_AT),
  };
}
