/** Ways between two nodes that can't dial each other: QUIC's datagrams over whatever path there is. */

export {
  answered,
  type Candidate,
  chosenCandidate,
  heard,
  moved,
  type PathState,
  RELAYED,
  type Step,
  step,
  told,
} from "./path_choice.ts";
export { dialsPipe, Pipe, type PipeOptions } from "./pipe.ts";
export { type PipedSource, PipedSources } from "./piped_sources.ts";
export { SwitchedPath } from "./switched_path.ts";
export { openUdpStack } from "./udp_stack.ts";
export { type UdpEnd, udpEnd } from "./udp_end.ts";
export type { UdpSocket, UdpStack } from "./udp_socket.ts";
