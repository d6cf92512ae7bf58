import { asError } from "../../base/as_error.ts";
import type { Logger } from "@logtape/logtape";
import { TunnelError } from "../base/errors.ts";
import type { Outbox } from "./outbox.ts";
import { type HeldFrame, References } from "./references.ts";
import type { RpcCounts } from "./rpc_counts.ts";
import type { WeightSource } from "./weight_source.ts";

export interface WeightSenderOptions {
  readonly out: Outbox;
  readonly weights: WeightSource;
  readonly counts: RpcCounts;
  readonly peer: string;
  readonly logger: Logger;
  /** A weight can't be delivered: the load must not go on. */
  readonly failed: (reason: Error) => void;
}

/**
 * Sees to it that the worker gets the weights it was referred to: it says that it has them, or they are
 * sent, while llama-server goes on. Everything leaves one after the other, so that no frame is broken into.
 */
export class WeightSender {
  readonly #options: WeightSenderOptions;
  readonly #references = new References();
  #leaving: Promise<void> = Promise.resolve();
  #changed = Promise.withResolvers<void>();
  #failure: Error | undefined;

  constructor(options: WeightSenderOptions) {
    this.#options = options;
    this.#changed.promise.catch(() => {});
  }

  /** Refers to a weight once there is room for it; does not wait until it has left. */
  async refer(frame: Omit<HeldFrame, "id">): Promise<void> {
    while (!this.#references.hasRoomFor(frame)) await this.#change();
    const held = this.#references.hold(frame);
    const { id, head, weight: { sha256, byteLength } } = held;
    this.#leave(async () => {
      this.#options.out.message({ kind: "refer", id, sha256, byteLength, head });
      await this.#options.out.flush();
    });
  }

  /** Whether the worker has everything that it was referred to. */
  get isSettled(): boolean {
    return this.#references.settled;
  }

  /** Resolves when the worker has everything that it was referred to. @throws what kept it from that. */
  async settle(): Promise<void> {
    while (!this.#references.settled) await this.#change();
  }

  /** The worker's answer: it has filled the frame from its own disk. */
  filled(id: number): void {
    const held = this.#references.answered(id);
    this.#options.counts.weightBytesSaved += held.weight.byteLength;
    this.#done(held);
    // Not left to the garbage collector, which comes some hundred MB later.
    held.data?.buffer.transfer(0);
  }

  /** The worker's answer: it does not have the weight. */
  refused(id: number): void {
    const held = this.#references.answered(id);
    this.#options.counts.refused++;
    this.#leave(() => this.#send(held));
  }

  /** Nobody will answer any more. */
  fail(reason: Error): void {
    this.#failure ??= reason;
    this.#changed.reject(reason);
  }

  async #send(held: HeldFrame): Promise<void> {
    const { out, counts } = this.#options;
    const { id, head, weight: { sha256, byteLength } } = held;
    const pieces = held.data === undefined ? await this.#fromFile(held) : [held.data];
    out.message({ kind: "carry", id, sha256, byteLength, head: new Uint8Array(0) });
    out.bytes(head);
    for await (const piece of pieces) {
      out.bytes(piece);
      await out.flush();
      counts.tensorBytesMoved += piece.length;
    }
    this.#done(held);
  }

  /** llama-server was told that it need not send them, so they come from the file that it has read. */
  async #fromFile({ weight }: HeldFrame): Promise<AsyncGenerator<Uint8Array>> {
    const pieces = await this.#options.weights.read(weight);
    if (pieces !== undefined) return pieces;
    throw new TunnelError(`Could not send ${weight.name}: its file changed while it was loaded`);
  }

  #leave(step: () => Promise<void>): void {
    this.#leaving = this.#leaving.then(step).catch((error: unknown) => this.#giveUp(error));
  }

  #giveUp(error: unknown): void {
    if (this.#failure !== undefined) return;
    const { peer, logger, failed } = this.#options;
    const reason = asError(error);
    logger.warn("The load over {peer} fails: {reason}", { peer, reason: reason.message });
    this.fail(reason);
    failed(reason);
  }

  #done(held: HeldFrame): void {
    this.#references.done(held);
    this.#changed.resolve();
    if (this.#failure !== undefined) return;
    this.#changed = Promise.withResolvers();
    this.#changed.promise.catch(() => {});
  }

  async #change(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    await this.#changed.promise;
  }
}
