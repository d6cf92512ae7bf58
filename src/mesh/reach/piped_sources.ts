import { isIPv6 } from "node:net";
import type { PeerId } from "../base/peer_id.ts";
import type { UdpEnd } from "./udp_end.ts";

/** How a peer's datagrams come to its pipe. */
export type PipedSource =
  /** Over a member, which stands for whatever it brings. */
  | { readonly kind: "relayed"; readonly by: PeerId }
  | { readonly kind: "direct"; readonly from: UdpEnd };

/** QUIC's address of a pipe, or of anything else on this machine's loopback. */
const ON_LOOPBACK = /^\/ip4\/127\.0\.0\.1\/udp\/(\d{1,5})\/quic-v1(\/p2p\/\w+)?$/;

/**
 * The true sources of what QUIC sees come from this machine's loopback: limits by source are meant for those. Neither form
 * of them can be dialled, and nobody takes them for an address that can.
 */
export class PipedSources {
  readonly #sources = new Map<number, () => PipedSource>();

  /** Until the returned function is called, which the pipe's owner does when it closes the pipe. */
  add(pipePort: number, source: () => PipedSource): () => void {
    this.#sources.set(pipePort, source);
    return () => void this.#sources.delete(pipePort);
  }

  /** The address that a connection comes from, given the one that QUIC sees. */
  trueAddress(remoteAddress: string): string {
    const [, port, peer = ""] = ON_LOOPBACK.exec(remoteAddress) ?? [];
    const source = this.#sources.get(Number(port))?.();
    return source === undefined ? remoteAddress : `${textOf(source)}/p2p-circuit${peer}`;
  }
}

function textOf(source: PipedSource): string {
  if (source.kind === "relayed") return `/p2p/${source.by}`;
  const { ip, port } = source.from;
  return `/ip${isIPv6(ip) ? 6 : 4}/${ip}/udp/${port}`;
}
