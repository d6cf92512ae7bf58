import { asError } from "../../base/as_error.ts";
import { type ByteSource, pump } from "../base/byte_pump.ts";
import { resetOnAbort } from "../base/peer_stream.ts";
import { TcpBytes } from "./tcp_bytes.ts";
import type { PeerStream } from "../base/types.ts";

export interface RelayOptions {
  readonly signal: AbortSignal;
  /** The peer's bytes, if some of them were read already. @default the stream itself */
  readonly fromPeer?: ByteSource;
}

/**
 * Carries bytes between a TCP connection and a peer's stream, both ways at once, until both ends have
 * closed. A half-close is passed on. An error or reset at either end, or the signal, ends everything
 * at once: rpc-server serves one client at a time, and one that is left half open blocks all others.
 * Neither the connection nor the stream is open when it returns or throws.
 * @throws what ended it early.
 */
export async function relay(
  conn: Deno.TcpConn,
  stream: PeerStream,
  { signal, fromPeer = stream }: RelayOptions,
): Promise<void> {
  const tcp = new TcpBytes(conn);
  await bothWays(tcp, stream, signal, () => [pump(tcp, stream), pump(fromPeer, tcp)]);
}

/**
 * Runs the two directions between a TCP connection and a peer's stream to their ends, with the rules of
 * {@linkcode relay}. @throws what ended them early.
 */
export async function bothWays(
  tcp: TcpBytes,
  stream: PeerStream,
  signal: AbortSignal,
  start: () => Promise<void>[],
): Promise<void> {
  const end = (reason: Error) => {
    stream.reset(reason);
    tcp.close();
  };
  using _resetting = resetOnAbort(stream, signal);
  const directions = start();
  try {
    await Promise.all(directions);
    tcp.close();
  } catch (error) {
    end(asError(error));
    await Promise.allSettled(directions);
    throw error;
  }
}
