import { asError } from "../../base/as_error.ts";
import { raceSignal } from "../../base/race_signal.ts";
import {
  type AbortOptions,
  type ComponentLogger,
  type CreateStreamOptions,
  type Logger,
  MuxerClosedError,
  type Stream,
  type StreamMuxer,
  type StreamMuxerEvents,
  type StreamMuxerFactory,
  type StreamMuxerStatus,
  TypedEventEmitter,
} from "@libp2p/interface";
import { Deadline } from "../../base/deadline.ts";
import { agreeEarly } from "./agree_early.ts";
import { ByteBudget } from "./byte_budget.ts";
import type { QuicConnection } from "./connection.ts";
import { ConnectionLostError, QuicLimitError } from "./stream_errors.ts";
import { asStream } from "./libp2p_types.ts";
import type { NativeConnection, NativeStream } from "./native.ts";
import type { ResolvedOptions } from "./options.ts";
import { StallGuard } from "./stall_guard.ts";
import { QuicStream, type StreamOwner } from "./stream.ts";

export interface QuicMuxerInit {
  readonly native: NativeConnection;
  readonly connection: QuicConnection;
  readonly logger: ComponentLogger;
  readonly options: ResolvedOptions;
}

/** The streams of one connection: QUIC does the muxing, this does the bookkeeping. */
export class QuicMuxer extends TypedEventEmitter<StreamMuxerEvents> implements StreamMuxer {
  readonly protocol = "quic";
  status: StreamMuxerStatus = "open";
  /** Holds them: a native stream that is collected would end cleanly, whatever it still had to say. */
  readonly #streams: QuicStream[] = [];
  readonly #init: QuicMuxerInit;
  readonly #stalls: StallGuard<QuicStream>;
  readonly #owner: StreamOwner;
  /** One for all streams: to make one costs more than anything else that a new stream needs. */
  readonly #log: Logger;
  #isAccepting = false;

  constructor(init: QuicMuxerInit) {
    super();
    this.#init = init;
    const { native, connection, options, logger } = init;
    this.#log = logger.forComponent(`libp2p:quic:streams:${native.id()}`);
    this.#stalls = new StallGuard({
      maxStalled: Math.floor(options.connectionWindowBytes / options.streamWindowBytes) - 1,
      stalledMs: options.stalledMs,
      elapsed: () => performance.now(),
      drop: (stream) => stream.abort(stalledError(options.stalledMs)),
    });
    this.#owner = {
      budget: new ByteBudget(options.maxQueuedBytes),
      onBehind: (stream) => this.#stalls.add(stream),
      onCaughtUp: (stream) => this.#stalls.delete(stream),
      lost: () => connection.lostError(),
    };
    connection.attach(this);
    connection.addEventListener("close", ({ error }) => this.#onConnectionClose(error));
  }

  get streams(): Stream[] {
    return this.#streams.map(asStream);
  }

  /** Streams that come before libp2p listens are left with the addon, where none gets lost. */
  override addEventListener(...args: Parameters<StreamMuxer["addEventListener"]>): void {
    super.addEventListener(...args);
    if (args[0] !== "stream" || this.#isAccepting) return;
    this.#isAccepting = true;
    this.#acceptStreams();
  }

  /** libp2p passes its caller's options on, and leaves a stream alone that has its protocol already. */
  async createStream(
    { signal, protocol, optimistic = false }: CreateStreamOptions & { optimistic?: boolean } = {},
  ): Promise<Stream> {
    if (this.status !== "open") throw new MuxerClosedError();
    const native = await this.#openNative(signal);
    if (this.status !== "open") {
      dropLate(native);
      throw new MuxerClosedError();
    }
    const stream = this.#add(native, "outbound");
    stream.isOptimistic = optimistic && protocol !== undefined;
    if (stream.isOptimistic) stream.protocol = protocol!;
    return asStream(stream);
  }

  /** Ends the writing side of every stream, for as long as the signal allows; then what is left. */
  async close(options: AbortOptions = {}): Promise<void> {
    if (this.status !== "open") return;
    this.status = "closing";
    await Promise.allSettled([...this.#streams].map((stream) => stream.close(options)));
    this.abort(new MuxerClosedError());
  }

  abort(reason: Error): void {
    this.#end((stream) => stream.abort(reason));
  }

  /** While all slots are taken the addon waits for ever, whatever the signal says. */
  async #openNative(signal: AbortSignal | undefined): Promise<NativeStream> {
    const { openStreamMs } = this.#init.options;
    using limit = Deadline.forStep(openStreamMs, "Waiting for a free stream slot", signal);
    try {
      const opening = this.#init.native.outboundStream();
      return await raceSignal(opening, limit.signal, dropLate);
    } catch (cause) {
      if (signal?.aborted) throw signal.reason;
      if (limit.signal.aborted) throw slotError(openStreamMs, cause);
      throw new ConnectionLostError(asError(cause).message, { cause });
    }
  }

  #onConnectionClose(error: Error | undefined): void {
    this.#end((stream) => stream.onTransportClosed(error ?? this.#owner.lost()));
  }

  #end(endStream: (stream: QuicStream) => void): void {
    if (this.status === "closed") return;
    this.status = "closing";
    for (const stream of [...this.#streams]) endStream(stream);
    this.#stalls.clear();
    this.status = "closed";
  }

  /** Never rejects: the connection's end ends it. */
  async #acceptStreams(): Promise<void> {
    try {
      while (this.status !== "closed") {
        const native = await this.#init.native.inboundStream();
        if (this.status !== "open") return dropLate(native);
        this.#introduce(this.#add(native, "inbound"));
      }
    } catch (error) {
      this.#init.connection.log("no more inbound streams: %s", asError(error).message);
    }
  }

  /** Never rejects. */
  async #introduce(stream: QuicStream): Promise<void> {
    const { protocols } = this.#init.options;
    if (protocols.size > 0 && !await agreeEarly(stream, protocols)) return;
    this.safeDispatchEvent("stream", { detail: asStream(stream) });
  }

  #add(native: NativeStream, direction: "inbound" | "outbound"): QuicStream {
    const stream = new QuicStream({ native, direction, log: this.#log, owner: this.#owner });
    this.#streams.push(stream);
    stream.addEventListener("close", () => this.#streams.splice(this.#streams.indexOf(stream), 1));
    return stream;
  }
}

/** A muxer for the one connection that it was made for. */
export function muxerFactory(init: QuicMuxerInit): StreamMuxerFactory<QuicMuxer> {
  return { protocol: "quic", createStreamMuxer: () => new QuicMuxer(init) };
}

/** A stream that came after its caller had gone: the peer frees its slot too. */
function dropLate(native: NativeStream): void {
  native.resetWrite().catch(() => undefined);
  native.stopRead().catch(() => undefined);
}

function slotError(waitedMs: number, cause: unknown): QuicLimitError {
  return new QuicLimitError(
    `Could not open a stream within ${waitedMs / 1_000} s: as many are open as the peer allows`,
    { cause },
  );
}

function stalledError(stalledMs: number): QuicLimitError {
  return new QuicLimitError(
    `The stream was not read for ${stalledMs / 1_000} s and held up the others of its connection`,
  );
}
