import { MAX_COUNTED_PEERS } from "./base/defaults.ts";
import { commandName, RpcCommand } from "./rpc_wire/commands.ts";
import type { OpenStream, PeerStream, RpcTraffic, TunnelCounters } from "./base/types.ts";
import { newRpcCounts, type RpcCounts } from "./weights/rpc_counts.ts";

type TunnelKind = TunnelCounters["kind"];

type Count = { -readonly [Key in keyof TunnelCounters]: TunnelCounters[Key] };

/**
 * The traffic of the tunnels, per peer and kind, as the bytes pass. Streams are wrapped, nobody else counts. No count
 * ever falls: a peer that comes again goes on where it was, and one that comes too late for a place of its own is
 * counted with all others of that kind, as `other`.
 */
export class TunnelCounts {
  readonly #peers = new Set<string>();
  readonly #counts = new Map<string, Count>();
  readonly #rpc = new Map<string, RpcCounts>();

  /** Counts a stream that the peer opened. */
  count(stream: PeerStream, peer: string, kind: TunnelKind): PeerStream {
    return new CountedStream(stream, this.#of(peer, kind));
  }

  /** Counts every stream that is opened through the result. */
  counting(open: OpenStream, kind: TunnelKind): OpenStream {
    return async (peer, signal) => this.count(await open(peer, signal), peer, kind);
  }

  /** The counts for the frames that the RPC streams of that peer understand. */
  rpcOf(peer: string): RpcCounts {
    const name = this.#nameOf(peer);
    const counts = this.#rpc.get(name) ?? newRpcCounts();
    this.#rpc.set(name, counts);
    return counts;
  }

  /** In the order in which the tunnels were first used. */
  snapshot(): TunnelCounters[] {
    return [...this.#counts.values()].map((count) => {
      const rpc = count.kind === "rpc" ? this.#rpc.get(count.peer) : undefined;
      if (rpc === undefined) return { ...count };
      return { ...count, weightBytesSaved: rpc.weightBytesSaved, rpc: trafficOf(rpc) };
    });
  }

  #of(peer: string, kind: TunnelKind): Count {
    const name = this.#nameOf(peer);
    const key = `${kind} ${name}`;
    let count = this.#counts.get(key);
    if (count === undefined) {
      count = { peer: name, kind, streams: 0, bytesSent: 0, bytesReceived: 0, weightBytesSaved: 0 };
      this.#counts.set(key, count);
    }
    return count;
  }

  #nameOf(peer: string): string {
    if (this.#peers.size < MAX_COUNTED_PEERS) this.#peers.add(peer);
    return this.#peers.has(peer) ? peer : "other";
  }
}

function trafficOf(counts: RpcCounts): RpcTraffic {
  const { plain, frames, tensorBytesMoved, refused, roundTrips, answeredHere, stalls, stalledMs } =
    counts;
  const of = (command: number) => frames.get(command) ?? 0;
  const graphs = of(RpcCommand.GRAPH_COMPUTE) + of(RpcCommand.GRAPH_RECOMPUTE);
  return {
    plain,
    frames: Object.fromEntries([...frames].map(([command, n]) => [commandName(command), n])),
    tensorBytesMoved,
    refused,
    roundTrips,
    graphs,
    // A worker computes one graph a token, and what is read back of it is what is waited for.
    roundTripsPerToken: graphs === 0 ? null : of(RpcCommand.GET_TENSOR) / graphs,
    answeredHere,
    stalls,
    stalledMs,
  };
}

/** Open until both directions have ended, by a close, an error or a reset. */
class CountedStream implements PeerStream {
  readonly #stream: PeerStream;
  readonly #count: Count;
  #reading = true;
  #writing = true;

  constructor(stream: PeerStream, count: Count) {
    this.#stream = stream;
    this.#count = count;
    count.streams++;
  }

  get taken(): Promise<void> | undefined {
    return this.#stream.taken;
  }

  async read(): Promise<Uint8Array | null> {
    try {
      const bytes = await this.#stream.read();
      if (bytes === null) this.#ended({ reading: false });
      else this.#count.bytesReceived += bytes.length;
      return bytes;
    } catch (error) {
      this.#ended({ reading: false });
      throw error;
    }
  }

  recycle(bytes: Uint8Array): void {
    this.#stream.recycle?.(bytes);
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      await this.#stream.write(bytes);
      this.#count.bytesSent += bytes.length;
    } catch (error) {
      this.#ended({ writing: false });
      throw error;
    }
  }

  async closeWrite(): Promise<void> {
    try {
      await this.#stream.closeWrite();
    } finally {
      this.#ended({ writing: false });
    }
  }

  reset(reason: Error): void {
    this.#ended({ reading: false, writing: false });
    this.#stream.reset(reason);
  }

  #ended({ reading = this.#reading, writing = this.#writing }): void {
    const wasOpen = this.#reading || this.#writing;
    this.#reading = reading;
    this.#writing = writing;
    if (wasOpen && !reading && !writing) this.#count.streams--;
  }
}
