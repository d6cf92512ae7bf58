import { readHelloReply, withoutCapabilities } from "../rpc_wire/hello.ts";
import { layoutOf, type RpcLayout, type RpcVersion } from "../rpc_wire/layouts.ts";
import type { WireEvent } from "../rpc_wire/wire_decoder.ts";

const HEADER_BYTES = 8;

/** As much of a first reply as is held: longer than any HELLO's that is known. */
export const HELLO_REPLY_BYTES = 64;

/** The content of a connection's first reply. */
export interface Greeting {
  /** `undefined` where it was no reply to a HELLO. */
  readonly version: RpcVersion | undefined;
  /** `undefined` where nobody has looked at the version: its bytes pass as they are. */
  readonly layout: RpcLayout | undefined;
}

/** The greeting, and the bytes to pass in place of the event's. */
export function readGreeting(event: WireEvent): { greeting: Greeting; pass: Uint8Array[] } {
  if (event.kind !== "head" || event.rest > 0) {
    return { greeting: { version: undefined, layout: undefined }, pass: [event.bytes] };
  }
  const version = readHelloReply(event.payload);
  return {
    greeting: { version, layout: version && layoutOf(version) },
    pass: [event.bytes.subarray(0, HEADER_BYTES), withoutCapabilities(event.payload)],
  };
}

export function versionText({ major, minor, patch }: RpcVersion): string {
  return `${major}.${minor}.${patch}`;
}
