/** Streams of the wide lane between two processes of a benchmark. */

import { getLogger } from "@logtape/logtape";
import { systemClock } from "../../../src/mesh/base/clock.ts";
import { Counters } from "../../../src/mesh/base/counters.ts";
import { peerIdOf, SigningKey } from "../../../src/mesh/base/keys.ts";
import type { PeerId } from "../../../src/mesh/base/peer_id.ts";
import { WideLane } from "../../../src/mesh/lane/wide_lane.ts";
import { startLibp2p } from "../../../src/mesh/link/libp2p.ts";
import type { NetworkStream } from "../../../src/mesh/link/network.ts";

const PROTOCOL = "/mesh-llm/bench/1";
const MAX_STREAMS = 100;
/** However busy the machine is: a stream that went by QUIC would measure something else. */
const PATIENCE_MS = 30_000;
const NEVER = new AbortController().signal;

async function laneNode() {
  const key = SigningKey.generate();
  const network = await startLibp2p(key);
  const self = peerIdOf(key.publicKey);
  const logger = getLogger("bench");
  const parts = { self, clock: systemClock, counters: new Counters(), logger };
  const lane = new WideLane({ ...parts, patienceMs: PATIENCE_MS });
  const stop = async () => {
    lane.stop();
    await network.stop();
  };
  return { network, self, lane, stop };
}

type Serve = (stream: NetworkStream) => Promise<void>;

/** An end that listens. */
export interface LaneListening extends AsyncDisposable {
  readonly address: string;
}

export interface LaneDialled extends AsyncDisposable {
  /** @throws where the stream would have to go by QUIC. */
  open(): Promise<NetworkStream>;
}

/** For the life of the process. */
export async function listenLane(serve: Serve): Promise<string> {
  return (await listenByLane(serve)).address;
}

/** For the life of the process. */
export async function dialLane(address: string): Promise<() => Promise<NetworkStream>> {
  const dialled = await dialByLane(address);
  return () => dialled.open();
}

/** Without a join: the connection is all that the lane stands by. */
export async function listenByLane(serve: Serve): Promise<LaneListening> {
  const { network, self, lane, stop } = await laneNode();
  lane.answer({
    handle: (protocol, { maxStreams }, answer) =>
      network.handle(protocol, maxStreams, (stream, connection) => {
        answer(stream, { id: connection.peer, role: "member" }, connection)
          .then(() => stream.release(), (error) => stream.reset(error));
      }),
  });
  lane.handle(PROTOCOL, MAX_STREAMS, (stream) => {
    serve(stream).catch((error) => stream.reset(error));
  });
  const port = await network.bind(null);
  lane.listen(port);
  const address = `/ip4/127.0.0.1/udp/${port}/quic-v1/p2p/${self}`;
  return { address, [Symbol.asyncDispose]: stop };
}

export async function dialByLane(address: string): Promise<LaneDialled> {
  const { network, lane, stop } = await laneNode();
  const peer = address.split("/").at(-1) as PeerId;
  const connection = await network.dial({ peer, addresses: [address], signal: NEVER });
  return {
    open: async () => {
      const stream = await lane.open(PROTOCOL, connection, NEVER);
      if (stream === undefined) throw new Error("The lane is not open");
      return stream;
    },
    [Symbol.asyncDispose]: stop,
  };
}
