import type { Logger } from "@logtape/logtape";
import type { ByteSink } from "../base/byte_pump.ts";
import { joinedRuns } from "../base/joined_runs.ts";
import { TunnelError } from "../base/errors.ts";
import { OF_A_TOKEN, RpcCommand } from "../rpc_wire/commands.ts";
import type { Conversation } from "../rpc_wire/conversation.ts";
import type { RpcLayout } from "../rpc_wire/layouts.ts";
import {
  REGISTER_PEER_BYTES,
  rewriteRegisterPeer,
  type TranslatePort,
} from "../rpc_wire/register_peer.ts";
import { WireDecoder, type WireHead } from "../rpc_wire/wire_decoder.ts";
import { ALLOC_BUFFER_BYTES, Buffers, FREE_BUFFER_BYTES } from "./buffers.ts";
import { MAX_REFERENCES } from "./weight_defaults.ts";
import { fillFrame, type OpenedWeight, openWeight } from "./fill.ts";
import { FillQueue } from "./fill_queue.ts";
import type { LinkMessage, WeightMessage } from "./messages.ts";
import type { Outbox } from "./outbox.ts";
import { ReceivedWeights } from "./received_weight.ts";
import { countFrame, type RpcCounts } from "./rpc_counts.ts";
import { dataBytes, readSetTensor } from "./set_tensor.ts";
import type { WeightSource } from "./weight_source.ts";

export interface WorkerRequestsOptions {
  readonly layout: RpcLayout;
  readonly conversation: Conversation;
  readonly weights: WeightSource;
  readonly rpcServer: ByteSink;
  readonly toHost: Outbox;
  readonly translatePort: TranslatePort;
  /** Is told what the host has taken of each device that the rpc-server lends, by its number. */
  readonly taken?: ((bytes: readonly number[]) => void) | undefined;
  readonly counts: RpcCounts;
  readonly logger: Logger;
}

type Reference = WeightMessage<"refer"> & { readonly layout: RpcLayout };

/** The worker's end's treatment of each message of the host's: it makes the RPC stream that rpc-server gets. */
export class WorkerRequests {
  readonly #options: WorkerRequestsOptions;
  readonly #decoder: WireDecoder;
  readonly #received: ReceivedWeights;
  readonly #buffers: Buffers;
  readonly #fills: FillQueue<Reference>;
  /** References whose bytes must come before anything else but references passes. */
  readonly #refused = new Set<number>();
  /** The frame that comes now is a refused one. */
  #carrying = false;

  constructor(options: WorkerRequestsOptions) {
    this.#options = options;
    this.#received = new ReceivedWeights(options.weights, options.logger);
    this.#buffers = new Buffers((bytes) => options.taken?.(bytes));
    this.#decoder = new WireDecoder("requests", (command) => this.#prefixBytes(command));
    this.#fills = new FillQueue({
      open: (reference) => openWeight(reference, options.weights),
      fill: (reference, opened) => this.#fill(reference, opened),
    });
  }

  /** @throws {TunnelError} where the host's end breaks the rules: the load ends there. */
  async take(message: LinkMessage): Promise<void> {
    if (message.kind === "bytes") return await this.#bytes(message.bytes);
    if (this.#decoder.inFrame) throw new TunnelError("The host broke into a frame of its own");
    if (message.kind === "refer") return this.#refer(message);
    if (message.kind !== "carry") {
      throw new TunnelError(`The host sent a message that is the worker's: ${message.kind}`);
    }
    await this.#fills.done();
    if (!this.#refused.delete(message.id)) {
      throw new TunnelError("The host sent a weight that was not refused");
    }
    this.#carrying = true;
    this.#received.announce(message);
  }

  /** Leaves no half-written entry behind. */
  async end(): Promise<void> {
    await this.#fills.end();
    await this.#received.end();
  }

  async #bytes(bytes: Uint8Array): Promise<void> {
    if (!this.#carrying && !this.#decoder.inFrame) await this.#fills.done();
    const isPlain = !this.#carrying && this.#refused.size === 0;
    const skimmed = isPlain ? this.#decoder.skim(bytes, this.#passAtOnce) : 0;
    const parts = [bytes.subarray(0, skimmed)];
    for (const event of this.#decoder.push(bytes.subarray(skimmed))) {
      if (event.kind === "head") parts.push(...this.#head(event));
      else parts.push(event.bytes);
      if (event.kind === "data") this.#received.write(event.bytes);
      if (event.rest === 0) this.#frameEnded();
    }
    for (const part of joinedRuns(parts)) await this.#options.rpcServer.write(part);
  }

  /** Of a token's requests nothing is kept, replaced or looked at. */
  readonly #passAtOnce = (command: number, size: number): boolean => {
    if (!OF_A_TOKEN.has(command)) return false;
    const { conversation, counts, layout } = this.#options;
    countFrame(counts, command);
    if (command === RpcCommand.SET_TENSOR) counts.tensorBytesMoved += dataBytes({ size }, layout);
    conversation.asked({ command });
    return true;
  };

  #prefixBytes(command: number): number {
    const { layout } = this.#options;
    // Of tensors only one that is to be kept is looked at.
    if (command === RpcCommand.SET_TENSOR) return this.#carrying ? layout.setTensorPrefixBytes : 0;
    if (command === RpcCommand.ALLOC_BUFFER) return ALLOC_BUFFER_BYTES;
    if (command === RpcCommand.FREE_BUFFER) return FREE_BUFFER_BYTES;
    return command === RpcCommand.REGISTER_PEER && layout.registersPeers ? REGISTER_PEER_BYTES : 0;
  }

  /** The bytes that go to rpc-server in place of the head. */
  #head(head: WireHead): Uint8Array[] {
    const { conversation, counts, layout, translatePort } = this.#options;
    if (!this.#carrying && this.#refused.size > 0) {
      throw new TunnelError("The host sent something before a refused frame");
    }
    countFrame(counts, head.command);
    const onReply = this.#buffers.asked(head);
    conversation.asked({ command: head.command, ...(onReply === undefined ? {} : { onReply }) });
    if (head.command === RpcCommand.SET_TENSOR) {
      const found = this.#carrying ? readSetTensor(head, layout) : undefined;
      if (found !== undefined) this.#received.begin(found.tensor, found.byteLength);
      counts.tensorBytesMoved += dataBytes(head, layout);
    }
    if (head.command !== RpcCommand.REGISTER_PEER || !layout.registersPeers) return [head.bytes];
    const header = head.bytes.subarray(0, head.bytes.length - head.payload.length);
    return [header, rewriteRegisterPeer(head.payload, translatePort)];
  }

  #frameEnded(): void {
    this.#received.commit();
    this.#carrying = false;
  }

  #refer(message: WeightMessage<"refer">): void {
    if (this.#fills.length + this.#refused.size >= MAX_REFERENCES) {
      throw new TunnelError("The host sent more references than it may");
    }
    this.#fills.add({ ...message, layout: this.#options.layout });
  }

  async #fill({ id, head, byteLength }: Reference, opened: OpenedWeight | undefined) {
    const { toHost, rpcServer, counts } = this.#options;
    const filled = opened !== undefined && await fillFrame(head, opened, rpcServer);
    if (filled) {
      countFrame(counts, RpcCommand.SET_TENSOR);
      counts.weightBytesSaved += byteLength;
    } else {
      counts.refused++;
      this.#refused.add(id);
    }
    toHost.message({ kind: filled ? "filled" : "refused", id });
    await toHost.flush();
  }
}
