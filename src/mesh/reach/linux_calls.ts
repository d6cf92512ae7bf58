/** Calls and structures of Linux, the same on x64 and arm64. */

import { isIPv6 } from "node:net";
import { addressBytes } from "../../base/ip_address.ts";
import type { UdpEnd } from "./udp_end.ts";
import { udpEnd } from "./udp_end.ts";

export const AF_INET = 2;
export const AF_INET6 = 10;
const SOCK_DGRAM = 2;
/** `SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK`: children of the node inherit none of them. */
const DATAGRAMS = SOCK_DGRAM | 0x8_0000 | 0x800;
/** Of `shutdown`: both directions. */
export const SHUT_RDWR = 2;
export const SOL_SOCKET = 1;
const SO_TYPE = 3;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const IPPROTO_UDP = 17;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
/** Of a datagram that is to be cut into several. */
export const UDP_SEGMENT = 103;
/** Of several that came as one. */
export const UDP_GRO = 104;
export const POLLIN = 1;
export const MSG_DONTWAIT = 0x40;

/** `sizeof(struct sockaddr_in6)`, the longer one. */
export const SOCKADDR_BYTES = 28;
const SOCKADDR_IN_BYTES = 16;
/** `sizeof(struct pollfd)`. */
export const POLLFD_BYTES = 8;

export function openLibc() {
  return Deno.dlopen("libc.so.6", {
    socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
    bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
    shutdown: { parameters: ["i32", "i32"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
    getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
    getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
    setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
    recvmsg: { parameters: ["i32", "buffer", "i32"], result: "isize" },
    sendmsg: { parameters: ["i32", "buffer", "i32"], result: "isize" },
    sendto: {
      parameters: ["i32", "buffer", "usize", "i32", "buffer", "u32"],
      result: "isize",
    },
    poll: { parameters: ["pointer", "u64", "i32"], result: "i32", nonblocking: true },
    calloc: { parameters: ["usize", "usize"], result: "pointer" },
    free: { parameters: ["pointer"], result: "void" },
  });
}

export type Libc = ReturnType<typeof openLibc>["symbols"];

export type Bytes = Uint8Array<ArrayBuffer>;

/** A `struct sockaddr_in` or `sockaddr_in6`. The family is in the machine's byte order, the port in the network's. */
export function sockaddrOf({ ip, port }: Pick<UdpEnd, "ip" | "port">): Bytes {
  const isV6 = isIPv6(ip);
  const address = new Uint8Array(isV6 ? SOCKADDR_BYTES : SOCKADDR_IN_BYTES);
  const view = new DataView(address.buffer);
  view.setUint16(0, isV6 ? AF_INET6 : AF_INET, true);
  view.setUint16(2, port);
  const bytes = addressBytes(ip);
  if (bytes === undefined) throw new TypeError(`${ip} is no IP address`);
  address.set(bytes, isV6 ? 8 : 4);
  return address;
}

/** The end that such a structure names. */
export function endOf(address: Bytes): UdpEnd {
  const view = new DataView(address.buffer);
  const port = view.getUint16(2);
  if (view.getUint16(0, true) === AF_INET) return udpEnd(address.subarray(4, 8).join("."), port);
  const groups = Array.from({ length: 8 }, (_, at) => view.getUint16(8 + 2 * at).toString(16));
  return udpEnd(groups.join(":"), port);
}

/** The place of bytes in memory. Asking for its buffer moves a small one out of V8's heap, so that it stays there while it is held. */
export function addressOf({ buffer }: Bytes): bigint {
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(buffer));
}

/** The descriptor of this process's UDP socket that is bound there. @throws where there is none, or none may be looked at */
export function descriptorOf(libc: Libc, bound: UdpEnd): number {
  const address: Bytes = new Uint8Array(SOCKADDR_BYTES);
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    const descriptor = Number(name);
    const type = new Int32Array(1);
    libc.getsockopt(descriptor, SOL_SOCKET, SO_TYPE, type, new Uint32Array([type.byteLength]));
    if (type[0] !== SOCK_DGRAM) continue;
    const named = libc.getsockname(descriptor, address, new Uint32Array([address.length]));
    if (named === 0 && isIp(address) && endOf(address).key === bound.key) return descriptor;
  }
  throw new Error(`The UDP socket on ${bound.key} is not among this process's descriptors`);
}

function isIp(address: Bytes): boolean {
  const family = new DataView(address.buffer).getUint16(0, true);
  return family === AF_INET || family === AF_INET6;
}

/** A socket of IPv6 that leaves the port of IPv4 to another one. @throws where the port can't be had */
export function openV6Only(libc: Libc, at: Pick<UdpEnd, "ip" | "port">): number {
  const descriptor = libc.socket(AF_INET6, DATAGRAMS, 0);
  if (descriptor < 0) throw new Error("There are no UDP sockets of IPv6 on this machine");
  libc.setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, new Int32Array([1]), 4);
  const address = sockaddrOf(at);
  if (libc.bind(descriptor, address, address.length) === 0) return descriptor;
  libc.close(descriptor);
  throw new Error(`Cannot bind UDP port ${at.port} of ${at.ip}: it is in use, or not allowed`);
}

/** The port to which a socket is bound. */
export function portOf(libc: Libc, descriptor: number): number {
  const address: Bytes = new Uint8Array(SOCKADDR_BYTES);
  libc.getsockname(descriptor, address, new Uint32Array([address.length]));
  return endOf(address).port;
}
