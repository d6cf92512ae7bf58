import type { UdpEnd } from "./udp_end.ts";

/** A UDP socket that never makes its user wait. */
export interface UdpSocket {
  /** The one that it is bound to. */
  readonly port: number;
  /** Drops the datagram where the system has no room or no way. Does not keep it. Never throws. */
  send(datagram: Uint8Array, to: UdpEnd): void;
  /** Hears every datagram, which is only valid during the call. */
  onDatagram: ((datagram: Uint8Array, from: UdpEnd) => void) | undefined;
  /** Safe to call twice. */
  close(): void;
}

/** The UDP sockets of a node, and how they are had. */
export interface UdpStack {
  /** By the system's own calls, which carry many datagrams each, or by Deno's, one each. */
  readonly kind: "linux" | "plain";
  /** @throws where the address or the port can't be had; port 0 is any free one. */
  bind(ip: string, port: number): UdpSocket;
  /** Closes every socket. Resolves when nothing waits for the system any more. Safe to call twice. */
  close(): Promise<void>;
}
