/** The memory that one connection has taken of an rpc-server, device by device, as its requests and their replies tell. */

import { RpcCommand } from "../rpc_wire/commands.ts";
import type { WireHead } from "../rpc_wire/wire_decoder.ts";

/** A device's number and a size. */
export const ALLOC_BUFFER_BYTES = 12;
const ALLOC_REPLY_BYTES = 16;
/** The buffer's address. */
export const FREE_BUFFER_BYTES = 8;

/** A host that takes more buffers is not read any further: a load takes some for each device. */
const MAX_BUFFERS = 4_096;

/** No machine has more; a higher number would be a list of that length. */
const MAX_DEVICES = 64;

interface Buffer {
  readonly device: number;
  readonly bytes: number;
}

export class Buffers {
  readonly #known = new Map<bigint, Buffer>();
  readonly #changed: (bytes: readonly number[]) => void;

  /** @param changed is told the bytes of each device, by its number. */
  constructor(changed: (bytes: readonly number[]) => void) {
    this.#changed = changed;
  }

  /** The reader of the reply to this request; `undefined` where the reply does not matter. */
  asked({ command, payload, rest }: WireHead): ((reply: Uint8Array) => void) | undefined {
    if (rest > 0) return undefined;
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
    if (command === RpcCommand.FREE_BUFFER && payload.length === FREE_BUFFER_BYTES) {
      this.#known.delete(view.getBigUint64(0, true));
      this.#tell();
    }
    if (command !== RpcCommand.ALLOC_BUFFER || payload.length !== ALLOC_BUFFER_BYTES) {
      return undefined;
    }
    const device = view.getUint32(0, true);
    if (device >= MAX_DEVICES) return undefined;
    return (reply) => this.#allocated(device, reply);
  }

  /** A device that has no room gives no buffer. */
  #allocated(device: number, reply: Uint8Array): void {
    if (reply.length !== ALLOC_REPLY_BYTES) return;
    const view = new DataView(reply.buffer, reply.byteOffset, reply.byteLength);
    const address = view.getBigUint64(0, true);
    const bytes = Number(view.getBigUint64(8, true));
    if (address === 0n || this.#known.size >= MAX_BUFFERS) return;
    this.#known.set(address, { device, bytes });
    this.#tell();
  }

  #tell(): void {
    const total: number[] = [];
    for (const { device, bytes } of this.#known.values()) {
      total[device] = (total[device] ?? 0) + bytes;
    }
    this.#changed(Array.from(total, (bytes = 0) => bytes));
  }
}
