import { RpcCommand } from "../rpc_wire/commands.ts";
import type { WireHead } from "../rpc_wire/wire_decoder.ts";
import { MAX_REMEMBERED } from "./weight_defaults.ts";

const CONSTANT: ReadonlySet<number> = new Set([
  RpcCommand.GET_ALIGNMENT,
  RpcCommand.GET_MAX_SIZE,
  RpcCommand.DEVICE_COUNT,
  RpcCommand.GET_ALLOC_SIZE,
]);

/** Answers that can't change while a connection lasts, by the whole request that they were given to. */
export class Remembered {
  readonly #replies = new Map<string, Uint8Array>();

  /** The key to remember the request's answer by; `undefined` if the answer may change. */
  keyOf({ command, bytes, rest }: WireHead): string | undefined {
    if (!CONSTANT.has(command) || rest > 0) return undefined;
    return String.fromCharCode(...bytes);
  }

  get(key: string): Uint8Array | undefined {
    return this.#replies.get(key);
  }

  keep(key: string, payload: Uint8Array): void {
    if (this.#replies.size < MAX_REMEMBERED) this.#replies.set(key, encodeReply(payload));
  }
}

/** A reply as it stands on the wire. */
export function encodeReply(payload: Uint8Array): Uint8Array {
  const reply = new Uint8Array(8 + payload.length);
  new DataView(reply.buffer).setBigUint64(0, BigInt(payload.length), true);
  reply.set(payload, 8);
  return reply;
}
