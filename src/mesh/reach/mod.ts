/** Ways between two nodes that can't dial each other: QUIC's datagrams over whatever path there is. */

export { ownCandidates, type OwnPlaces } from "./candidates.ts";
export { DirectSocket, type DirectSocketOptions } from "./direct_socket.ts";
export { LateReach, type ReachEnd } from "./late_reach.ts";
export { dialsPipe, Pipe, type PipeOptions } from "./pipe.ts";
export { type PipedSource, PipedSources } from "./piped_sources.ts";
export {
  type MeetOptions,
  type PipedWay,
  type PipeWay,
  Reach,
  REACH_PROTOCOL,
  type ReachParts,
} from "./reach.ts";
export { type RelayWay, RelayWays } from "./relay_ways.ts";
export { RoamingPath, type RoamingPathOptions, type Way } from "./roaming_path.ts";
export { openUdpStack } from "./udp_stack.ts";
export { type UdpEnd, udpEnd } from "./udp_end.ts";
export type { UdpSocket, UdpStack } from "./udp_socket.ts";
