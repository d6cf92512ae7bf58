import { asError } from "../../base/as_error.ts";
import type { Logger } from "@logtape/logtape";
import { Deadline } from "../../base/deadline.ts";
import { OPEN_STREAM_TIMEOUT_MS } from "../base/defaults.ts";
import { LoopbackPort } from "./loopback_port.ts";
import { resetOnAbort } from "../base/peer_stream.ts";
import { bothWays, relay } from "./relay.ts";
import { encodeRpcOpening } from "./rpc_opening.ts";
import { TcpBytes } from "./tcp_bytes.ts";
import type { OpenStream, PeerStream, SplitTerm } from "../base/types.ts";
import { HostLink } from "../weights/host_link.ts";
import { LINK_VERSION } from "../weights/messages.ts";
import { newRpcCounts, type RpcCounts } from "../weights/rpc_counts.ts";
import type { WeightSource } from "../weights/weight_source.ts";

export interface RpcTunnelsOptions {
  /** Opens `/mesh-llm/rpc/1`. */
  readonly open: OpenStream;
  /** The assignment under which all of its streams run. */
  readonly split: SplitTerm;
  /** False while nobody here may use that worker: its port then hangs up at once. */
  readonly mayPass: (peer: string) => boolean;
  readonly logger: Logger;
  /** Weights that need not cross. @default none: every byte crosses */
  readonly weights?: WeightSource;
  /** The counts for a peer's requests. @default nobody counts */
  readonly countsOf?: (peer: string) => RpcCounts;
}

/** The host's end of the RPC tunnels of one split: a loopback port a worker, that leads to its rpc-server of this split. */
export class RpcTunnels {
  readonly #open: OpenStream;
  readonly #split: SplitTerm;
  readonly #mayPass: (peer: string) => boolean;
  readonly #logger: Logger;
  readonly #weights: WeightSource | undefined;
  readonly #countsOf: (peer: string) => RpcCounts;
  readonly #ports = new Map<string, LoopbackPort>();

  constructor({ open, split, mayPass, logger, weights, countsOf }: RpcTunnelsOptions) {
    this.#open = open;
    this.#split = split;
    this.#mayPass = mayPass;
    this.#logger = logger;
    this.#weights = weights;
    this.#countsOf = countsOf ?? newRpcCounts;
  }

  /** The peer's port, opened at the first call: it stays the same until the split is over. */
  ensure(peer: string): number {
    let port = this.#ports.get(peer);
    if (port === undefined) {
      port = new LoopbackPort({
        serve: (conn, signal) => this.#serve(peer, conn, signal),
        logger: this.#logger,
      });
      this.#ports.set(peer, port);
    }
    return port.port;
  }

  /** Closes all ports and streams. Safe to call twice. */
  async stop(): Promise<void> {
    const reason = new Error("The split is over");
    await Promise.all([...this.#ports.values()].map((port) => port.close(reason)));
  }

  async #serve(peer: string, conn: Deno.TcpConn, signal: AbortSignal): Promise<void> {
    if (!this.#mayPass(peer)) return conn.close();
    let stream: PeerStream;
    try {
      stream = await this.#openStream(peer, signal);
    } catch (error) {
      conn.close();
      throw error;
    }
    await this.#carry(peer, conn, stream, signal);
  }

  async #carry(
    peer: string,
    conn: Deno.TcpConn,
    stream: PeerStream,
    signal: AbortSignal,
  ): Promise<void> {
    const weights = this.#weights;
    if (weights === undefined) return await relay(conn, stream, { signal });
    const tcp = new TcpBytes(conn);
    const counts = this.#countsOf(peer);
    const link = new HostLink(tcp, stream, { weights, peer, counts, logger: this.#logger });
    await bothWays(tcp, stream, signal, () => [link.toWorker(), link.toHost()]);
  }

  async #openStream(peer: string, signal: AbortSignal): Promise<PeerStream> {
    const late = `${peer} did not open a stream within ${OPEN_STREAM_TIMEOUT_MS / 1_000} s`;
    using deadline = new Deadline(OPEN_STREAM_TIMEOUT_MS, late, signal);
    const stream = await this.#open(peer, deadline.signal);
    using _resetting = resetOnAbort(stream, deadline.signal);
    try {
      const offer = this.#weights === undefined ? {} : { weights: LINK_VERSION };
      await stream.write(encodeRpcOpening({ ...this.#split, ...offer }));
      return stream;
    } catch (error) {
      stream.reset(asError(error));
      throw error;
    }
  }
}
