import { hasReply, type RpcLayout } from "../../../src/tunnel/rpc_wire/layouts.ts";
import { WireDecoder, type WireEvent } from "../../../src/tunnel/rpc_wire/wire_decoder.ts";
import { joined } from "../byte_cuts.ts";

/** One frame, put together from its events. */
export interface WholeFrame {
  readonly command: number;
  readonly size: number;
  readonly bytes: Uint8Array;
}

/** All events of chunks that are pushed one by one. */
export function eventsOf(decoder: WireDecoder, chunks: Iterable<Uint8Array>): WireEvent[] {
  return [...chunks].flatMap((chunk) => [...decoder.push(chunk)]);
}

/** Events without the cuts of the stream: whole frames, the last one as far as it came. */
export function wholeFrames(events: readonly WireEvent[]): WholeFrame[] {
  const frames: { command: number; size: number; parts: Uint8Array[] }[] = [];
  for (const event of events) {
    if (event.kind === "head") frames.push({ ...event, parts: [] });
    frames.at(-1)?.parts.push(event.bytes);
  }
  return frames.map(({ command, size, parts }) => ({ command, size, bytes: joined(parts) }));
}

/** A request as it stands on the wire. */
export function request(command: number, payload: Uint8Array): Uint8Array {
  return joined([Uint8Array.of(command), reply(payload)]);
}

/** A reply as it stands on the wire. */
export function reply(payload: Uint8Array): Uint8Array {
  const size = new Uint8Array(8);
  new DataView(size.buffer).setBigUint64(0, BigInt(payload.length), true);
  return joined([size, payload]);
}

export function countReplies(layout: RpcLayout, frames: readonly WholeFrame[]): number {
  return frames.filter(({ command }) => hasReply(layout, command)).length;
}
