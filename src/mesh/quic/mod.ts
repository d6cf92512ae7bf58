/** libp2p's QUIC transport as this project needs it: fast, bounded, and honest about broken streams. */

export { loadAddonBy, QuicAddonError, quicProblem } from "./addon.ts";
export { byteStreamOf } from "./byte_stream_of.ts";
export type { PulledStream } from "./pulled_stream.ts";
export { drainConnection } from "./drain_connection.ts";
export { chooseConnection } from "./duplicate_connections.ts";
export {
  ConnectionLostError,
  DialError,
  NotAgreedError,
  QuicLimitError,
  StreamResetByPeerError,
  StreamStoppedByPeerError,
  WrongPeerError,
} from "./stream_errors.ts";
export { OpenConnections } from "./open_connections.ts";
export type { QuicTransportOptions } from "./options.ts";
export { QuicTransport, quicTransport, type QuicTransportComponents } from "./transport.ts";
