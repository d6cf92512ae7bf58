import { asError } from "../../base/as_error.ts";
import type { Logger } from "@logtape/logtape";
import { Deadline } from "../../base/deadline.ts";
import { OPENING_TIMEOUT_MS, READ_AHEAD_BYTES } from "../base/defaults.ts";
import { resetOnAbort } from "../base/peer_stream.ts";
import { ReadAhead } from "./read_ahead.ts";
import { bothWays, relay } from "./relay.ts";
import { readRpcOpening, type RpcOpening } from "./rpc_opening.ts";
import { TcpBytes } from "./tcp_bytes.ts";
import type { AdmittedSplit, AskedSplit, ModelRef, PeerStream, RpcGate } from "../base/types.ts";
import { LINK_VERSION } from "../weights/messages.ts";
import { newRpcCounts, type RpcCounts } from "../weights/rpc_counts.ts";
import type { WeightSource } from "../weights/weight_source.ts";
import { WorkerLink } from "../weights/worker_link.ts";

export interface RpcServerEndOptions {
  readonly gate: RpcGate;
  readonly logger: Logger;
  /** Weights that need not cross. @default none: every byte crosses */
  readonly weights?: WeightSource;
  /** The counts for a peer's requests. @default nobody counts */
  readonly countsOf?: (peer: string) => RpcCounts;
  /** This node's own port for the peer that a port of the split's host leads to. @default there is none */
  readonly translatePort?: (
    host: string,
    model: ModelRef,
    hostPort: number,
  ) => number | undefined;
}

/** The worker's end of the RPC tunnels: leads each stream to this node's rpc-server of its split and term. */
export class RpcServerEnd {
  readonly #gate: RpcGate;
  readonly #logger: Logger;
  readonly #options: RpcServerEndOptions;
  readonly #live = new Set<LiveStream>();

  constructor(options: RpcServerEndOptions) {
    this.#options = options;
    this.#gate = options.gate;
    this.#logger = options.logger;
  }

  /**
   * Serves one stream to its end. Never rejects; the stream is closed or reset when it resolves, and
   * the connection to rpc-server with it.
   */
  async handle(stream: PeerStream, peer: string): Promise<void> {
    const live: LiveStream = { ending: new AbortController(), model: undefined, taken: [] };
    this.#live.add(live);
    try {
      using _resetting = resetOnAbort(stream, live.ending.signal);
      await this.#serve(stream, peer, live);
    } catch (error) {
      const reason = asError(error);
      stream.reset(reason);
      this.#logger.debug("An RPC stream of {peer} ended early: {reason}", {
        peer,
        reason: reason.message,
      });
    } finally {
      this.#live.delete(live);
    }
  }

  /** Ends every stream of that model's split, waiting ones too, as a change of its term asks for. */
  reset({ name, fingerprint }: ModelRef): void {
    const reason = new Error("The term changed");
    for (const { model, ending } of this.#live) {
      if (model?.fingerprint === fingerprint && model.name === name) ending.abort(reason);
    }
  }

  /**
   * The bytes that the model's host has taken of each device, in the order in which rpc-server lends them; `null` where
   * its streams are not understood.
   */
  takenBy({ name, fingerprint }: ModelRef): readonly number[] | null {
    const all = [...this.#live].flatMap(({ model, taken }) =>
      model?.fingerprint === fingerprint && model.name === name ? [taken] : []
    );
    const most = Math.max(0, ...all.map(({ length }) => length));
    if (most === 0) return null;
    return Array.from(
      { length: most },
      (_, device) => all.reduce((sum, taken) => sum + (taken[device] ?? 0), 0),
    );
  }

  async #serve(stream: PeerStream, peer: string, live: LiveStream): Promise<void> {
    const { signal } = live.ending;
    const { opening, rest } = await readOpening(stream);
    const fromPeer = new ReadAhead(stream, rest);
    const { term } = opening;
    live.model = opening.model;
    const asked = { peer, term, model: opening.model };
    const { port, model } = await this.#admit(fromPeer, asked, signal);
    live.model = model;
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    if (this.#options.weights === undefined) return await relay(conn, stream, { signal, fromPeer });
    const tcp = new TcpBytes(conn);
    const ends = { tcp, stream, fromPeer, peer, model, opening, live };
    const link = this.#link(this.#options.weights, ends);
    try {
      await bothWays(tcp, stream, signal, () => [link.toHost(), link.toRpcServer()]);
    } finally {
      await link.end();
    }
  }

  #link(
    weights: WeightSource,
    { tcp, stream, fromPeer, peer, model, opening, live }: LinkEnds,
  ): WorkerLink {
    const { countsOf = newRpcCounts, translatePort, logger } = this.#options;
    return new WorkerLink(tcp, stream, fromPeer, {
      weights,
      peer,
      counts: countsOf(peer),
      logger,
      agree: opening.weights === LINK_VERSION,
      translatePort: (hostPort) => translatePort?.(peer, model, hostPort),
      taken: (bytes) => live.taken = bytes,
    });
  }

  /** Waits for the gate, and no longer than the host's llama-server waits. */
  async #admit(
    fromPeer: ReadAhead,
    asked: AskedSplit,
    signal: AbortSignal,
  ): Promise<AdmittedSplit> {
    const hangUp = new AbortController();
    fromPeer.watch(READ_AHEAD_BYTES).then(
      (ended) => ended && hangUp.abort(new Error("llama-server hung up before it was served")),
      (error) => hangUp.abort(error),
    );
    const waiting = AbortSignal.any([signal, hangUp.signal]);
    const admitted = await this.#gate.admit(asked, waiting);
    waiting.throwIfAborted();
    return admitted;
  }
}

interface LiveStream {
  readonly ending: AbortController;
  /** Unknown before its opening has come; of a peer of an earlier version, before it is admitted. */
  model: ModelRef | undefined;
  /** By device. */
  taken: readonly number[];
}

interface LinkEnds {
  readonly tcp: TcpBytes;
  readonly stream: PeerStream;
  readonly fromPeer: ReadAhead;
  readonly peer: string;
  readonly model: ModelRef;
  readonly opening: RpcOpening;
  readonly live: LiveStream;
}

async function readOpening(stream: PeerStream): ReturnType<typeof readRpcOpening> {
  using deadline = new Deadline(OPENING_TIMEOUT_MS, "The host opened a stream and said nothing");
  using _resetting = resetOnAbort(stream, deadline.signal);
  return await readRpcOpening(stream);
}
