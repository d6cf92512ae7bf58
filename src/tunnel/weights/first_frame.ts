import { withoutCapabilities } from "../rpc_wire/hello.ts";
import { RpcCommand } from "../rpc_wire/commands.ts";
import { WireDecoder } from "../rpc_wire/wire_decoder.ts";

const HEADER_BYTES = 9;
/** Longer than any HELLO that is known. */
const MAX_HELLO_BYTES = 64;

/**
 * Passes the first request of a connection and stops behind it: what comes next depends on the answer.
 * That request is HELLO, and it passes without its capabilities.
 */
export class FirstFrame {
  readonly #decoder = new WireDecoder("requests", () => MAX_HELLO_BYTES);
  #done = false;
  #taken = 0;
  #seen = 0;

  get done(): boolean {
    return this.#done;
  }

  /** The bytes that may pass, and those behind the first request. */
  push(bytes: Uint8Array): { pass: Uint8Array[]; rest: Uint8Array } {
    const pass: Uint8Array[] = [];
    const before = this.#seen;
    for (const event of this.#decoder.push(bytes)) {
      const isHello = event.kind === "head" && event.command === RpcCommand.HELLO &&
        event.rest === 0;
      if (isHello) {
        pass.push(event.bytes.subarray(0, HEADER_BYTES), withoutCapabilities(event.payload));
      } else pass.push(event.bytes);
      this.#taken += event.bytes.length;
      this.#done = event.rest === 0;
      if (this.#done) return { pass, rest: bytes.subarray(this.#taken - before) };
    }
    this.#seen += bytes.length;
    return { pass, rest: new Uint8Array(0) };
  }
}
