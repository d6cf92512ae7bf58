/** Ways between two nodes that can't dial each other: QUIC's datagrams over whatever path there is. */

export { openUdpStack } from "./udp_stack.ts";
export { type UdpEnd, udpEnd } from "./udp_end.ts";
export type { UdpSocket, UdpStack } from "./udp_socket.ts";
