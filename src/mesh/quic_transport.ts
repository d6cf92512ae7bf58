import { quic } from "@chainsafe/libp2p-quic";
import type { Transport } from "@libp2p/interface";
import { raceSignal } from "./deadline.ts";
import { IDLE_TIMEOUT_MS, KEEP_ALIVE_MS, MAX_STREAMS_PER_CONNECTION } from "./defaults.ts";

/** Makes the transport from what libp2p hands to it. */
export type TransportFactory = (components: Parameters<ReturnType<typeof quic>>[0]) => Transport;

/** The QUIC transport that the mesh listens and dials with. */
export function quicTransport(): TransportFactory {
  const create = quic({
    keepAliveInterval: KEEP_ALIVE_MS,
    maxIdleTimeout: IDLE_TIMEOUT_MS,
    maxConcurrentStreamLimit: MAX_STREAMS_PER_CONNECTION,
  });
  return (components) => endDialsOnSignal(create(components));
}

/**
 * The stock transport looks at a dial's signal only once the handshake is over, so a dial to a dead
 * port would take the whole idle timeout, and with it all later dials to that peer.
 */
function endDialsOnSignal(transport: Transport): Transport {
  const dial = transport.dial.bind(transport);
  transport.dial = (address, options) =>
    raceSignal(dial(address, options), options.signal, (late) => late.abort(options.signal.reason));
  return transport;
}
