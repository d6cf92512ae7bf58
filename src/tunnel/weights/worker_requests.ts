import type { Logger } from "@logtape/logtape";
import type { ByteSink } from "../byte_pump.ts";
import { TunnelError } from "../errors.ts";
import { RpcCommand } from "../rpc_wire/commands.ts";
import type { Conversation } from "../rpc_wire/conversation.ts";
import type { RpcLayout } from "../rpc_wire/layouts.ts";
import {
  REGISTER_PEER_BYTES,
  rewriteRegisterPeer,
  type TranslatePort,
} from "../rpc_wire/register_peer.ts";
import { WireDecoder, type WireHead } from "../rpc_wire/wire_decoder.ts";
import { MAX_REFERENCES } from "./defaults.ts";
import { fillFrame } from "./fill.ts";
import type { LinkMessage, WeightMessage } from "./messages.ts";
import type { Outbox } from "./outbox.ts";
import { ReceivedWeights } from "./received_weight.ts";
import { encodeReply } from "./remembered.ts";
import { countFrame, type RpcCounts } from "./rpc_counts.ts";
import { headForHash, headOf, readSetTensor, readSetTensorHash } from "./set_tensor.ts";
import type { WeightSource } from "./types.ts";

export interface WorkerRequestsOptions {
  readonly layout: RpcLayout;
  readonly conversation: Conversation;
  readonly weights: WeightSource;
  readonly rpcServer: ByteSink;
  readonly toHost: Outbox;
  readonly translatePort: TranslatePort;
  readonly counts: RpcCounts;
  readonly logger: Logger;
}

/** What the worker's end does with each message of the host's: the RPC stream that rpc-server gets. */
export class WorkerRequests {
  readonly #options: WorkerRequestsOptions;
  readonly #decoder: WireDecoder;
  readonly #received: ReceivedWeights;
  /** The refused reference whose bytes must come before anything else passes. */
  #refused: number | null = null;
  #sending = false;
  /** References that came behind a refused one. */
  readonly #queue: WeightMessage<"refer">[] = [];

  constructor(options: WorkerRequestsOptions) {
    this.#options = options;
    this.#received = new ReceivedWeights(options.weights, options.logger);
    this.#decoder = new WireDecoder("requests", (command) => prefixBytes(command, options.layout));
  }

  /** @throws {TunnelError} where the host's end breaks the rules: the load ends there. */
  async take(message: LinkMessage): Promise<void> {
    if (this.#refused === null) return await this.#pass(message);
    if (message.kind === "refer") return this.#enqueue(message);
    if (message.kind === "carry" && message.id === this.#refused) this.#sending = true;
    if (!this.#sending) throw new TunnelError("The host sent something before a refused frame");
    await this.#pass(message);
    if (message.kind !== "bytes" || this.#decoder.inFrame) return;
    this.#refused = null;
    this.#sending = false;
    await this.#drain();
  }

  /** Leaves no half-written entry behind. */
  async end(): Promise<void> {
    await this.#received.abort();
  }

  async #pass(message: LinkMessage): Promise<void> {
    if (message.kind === "bytes") return await this.#bytes(message.bytes);
    if (message.kind === "filled" || message.kind === "refused") {
      throw new TunnelError(`The host sent a message that is the worker's: ${message.kind}`);
    }
    if (this.#decoder.inFrame) throw new TunnelError("The host broke into a frame of its own");
    if (message.kind === "offer") return await this.#offered(message);
    if (message.kind === "refer") return await this.#referred(message);
    this.#received.announce(message);
  }

  async #bytes(bytes: Uint8Array): Promise<void> {
    for (const event of this.#decoder.push(bytes)) {
      if (event.kind === "head") await this.#head(event);
      else {
        await this.#received.write(event.bytes, event.rest);
        await this.#options.rpcServer.write(event.bytes);
      }
    }
  }

  async #head(head: WireHead): Promise<void> {
    const { conversation, counts, layout, rpcServer, translatePort } = this.#options;
    countFrame(counts, head.command);
    conversation.asked(head);
    if (head.command === RpcCommand.SET_TENSOR) {
      const found = readSetTensor(head, layout);
      if (found !== undefined) await this.#received.begin(found.tensor, found.byteLength);
      counts.tensorBytesMoved += head.rest;
    }
    const rewrite = head.command === RpcCommand.REGISTER_PEER && layout.registersPeers;
    if (!rewrite) return await rpcServer.write(head.bytes);
    await rpcServer.write(head.bytes.subarray(0, head.bytes.length - head.payload.length));
    await rpcServer.write(rewriteRegisterPeer(head.payload, translatePort));
  }

  /** Takes the weight from this machine and says so, or lets rpc-server say that it has none. */
  async #offered({ head, sha256, byteLength }: WeightMessage<"offer">): Promise<void> {
    const { conversation, layout, toHost, weights, rpcServer, counts } = this.#options;
    const asked = headOf(head);
    const known = asked.command === RpcCommand.SET_TENSOR_HASH &&
      readSetTensorHash(asked.payload) !== undefined;
    if (!known) throw new TunnelError("The host offered a weight without its frame");
    const filled = conversation.idle && await fillFrame(
      {
        head: headForHash(asked.payload, byteLength, layout),
        sha256,
        layout,
      },
      weights,
      rpcServer,
    );
    if (!filled) return await this.#bytes(head);
    countFrame(counts, asked.command);
    counts.weightBytesSaved += byteLength;
    counts.answeredHere++;
    toHost.bytes(encodeReply(Uint8Array.of(1)));
    await toHost.flush();
  }

  async #referred({ id, head, sha256, byteLength }: WeightMessage<"refer">): Promise<void> {
    const { layout, toHost, weights, rpcServer, counts } = this.#options;
    const filled = await fillFrame({ head, sha256, layout }, weights, rpcServer);
    if (filled) {
      countFrame(counts, RpcCommand.SET_TENSOR);
      counts.weightBytesSaved += byteLength;
    } else this.#refused = id;
    toHost.message({ kind: filled ? "filled" : "refused", id });
    await toHost.flush();
  }

  #enqueue(message: WeightMessage<"refer">): void {
    if (this.#queue.length >= MAX_REFERENCES) {
      throw new TunnelError("The host sent more references than it may");
    }
    this.#queue.push(message);
  }

  async #drain(): Promise<void> {
    while (this.#refused === null) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      await this.#referred(next);
    }
  }
}

function prefixBytes(command: number, layout: RpcLayout): number {
  if (command === RpcCommand.SET_TENSOR) return layout.setTensorPrefixBytes;
  return command === RpcCommand.REGISTER_PEER && layout.registersPeers ? REGISTER_PEER_BYTES : 0;
}
