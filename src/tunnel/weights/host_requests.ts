import type { Conversation } from "../rpc_wire/conversation.ts";
import { RpcCommand } from "../rpc_wire/commands.ts";
import type { RpcLayout } from "../rpc_wire/layouts.ts";
import type { RpcTensor } from "../rpc_wire/rpc_tensor.ts";
import type { WireEvent, WireHead } from "../rpc_wire/wire_decoder.ts";
import { MAX_REFERRED_BYTES } from "./defaults.ts";
import type { Outbox } from "./outbox.ts";
import { encodeReply, Remembered } from "./remembered.ts";
import { countFrame, type RpcCounts } from "./rpc_counts.ts";
import {
  headForHash,
  mayBe,
  readSetTensor,
  readSetTensorHash,
  type TensorToSet,
} from "./set_tensor.ts";
import type { HostedWeight, WeightSource } from "./types.ts";
import type { WeightSender } from "./weight_sender.ts";

export interface HostRequestsOptions {
  readonly layout: RpcLayout;
  readonly conversation: Conversation;
  readonly weights: WeightSource;
  readonly sender: WeightSender;
  readonly out: Outbox;
  readonly counts: RpcCounts;
  /** Answers llama-server, if it waits for nothing else; answers whether it did. */
  readonly answerHere: (reply: Uint8Array) => Promise<boolean>;
  /** The model's first computation was asked for: its weights are in place. */
  readonly loaded: () => void;
}

/** A frame whose data are held until it is known whether they are a weight. */
interface Holding {
  readonly head: Uint8Array;
  readonly data: Uint8Array;
  readonly candidates: readonly HostedWeight[];
  filled: number;
}

/** The answer to a SET_TENSOR_HASH: nothing needs to be sent. */
const HAVE_IT = encodeReply(Uint8Array.of(1));

/** What the host's end does with each request of llama-server: pass it, refer to it, or answer it. */
export class HostRequests {
  readonly #options: HostRequestsOptions;
  readonly #remembered = new Remembered();
  #holding: Holding | null = null;
  /** The last held frame's hash, made while the next one is read. */
  #judging: Promise<void> = Promise.resolve();
  /** Held frames that turned out to be no weights. */
  #strangers: Holding[] = [];
  /** The tensor of the last one. */
  #lastHeld = "";

  constructor(options: HostRequestsOptions) {
    this.#options = options;
  }

  async take(event: WireEvent): Promise<void> {
    if (event.kind === "head") return await this.#head(event);
    const holding = this.#holding;
    if (holding === null) return this.#options.out.bytes(event.bytes);
    holding.data.set(event.bytes, holding.filled);
    holding.filled += event.bytes.length;
    if (event.rest > 0) return;
    this.#holding = null;
    await this.#judging;
    this.#judging = this.#judge(holding);
    this.#judging.catch(() => {}); // seen by whoever waits for it
  }

  /** llama-server says no more: what is held passes as far as it came. */
  async end(): Promise<void> {
    await this.#settle();
    if (this.#holding === null) return;
    const { head, data, filled } = this.#holding;
    this.#options.out.bytes(head);
    this.#options.out.bytes(data.subarray(0, filled));
  }

  async #head(head: WireHead): Promise<void> {
    const { counts, layout } = this.#options;
    countFrame(counts, head.command);
    if (this.#strangers.length > 0) await this.#settle();
    if (head.command === RpcCommand.SET_TENSOR) {
      const found = readSetTensor(head, layout);
      // The one before it may turn out to be no weight, and would then pass behind this one.
      if (found?.tensor.name === this.#lastHeld) await this.#settle();
      if (found !== undefined && this.#hold(head, found)) return;
      counts.tensorBytesMoved += head.rest;
    }
    if (head.command === RpcCommand.SET_TENSOR_HASH && await this.#haveIt(head)) return;
    const key = this.#remembered.keyOf(head);
    if (key !== undefined && await this.#answerHere(this.#remembered.get(key))) return;
    await this.#settle();
    this.#lastHeld = "";
    if (head.command === RpcCommand.GRAPH_COMPUTE) this.#options.loaded();
    this.#pass(
      head,
      key === undefined ? undefined : (payload) => this.#remembered.keep(key, payload),
    );
  }

  /** Holds what may be a weight, and is as long as one: never more than a file on this disk has. */
  #hold(head: WireHead, { tensor, byteLength }: TensorToSet): boolean {
    if (byteLength === 0 || byteLength > MAX_REFERRED_BYTES) return false;
    const candidates = this.#options.weights.named(tensor.name).filter((weight) =>
      weight.byteLength === byteLength && mayBe(weight, tensor)
    );
    if (candidates.length === 0) return false;
    this.#lastHeld = tensor.name;
    const data = new Uint8Array(byteLength);
    this.#holding = { head: head.bytes.slice(), data, candidates, filled: 0 };
    return true;
  }

  /** The held bytes are whole: a reference where they are the file's, themselves where they are not. */
  async #judge(holding: Holding): Promise<void> {
    const { head, data, candidates } = holding;
    const sha256 = await sha256Of(data);
    const weight = candidates.find((candidate) => candidate.sha256 === sha256);
    if (weight === undefined) this.#strangers.push(holding);
    else await this.#options.sender.refer({ head, data, weight });
  }

  /** Waits until the worker has all that was held back: then anything may pass. */
  async #settle(): Promise<void> {
    await this.#judging;
    await this.#options.sender.settle();
    const { out, counts } = this.#options;
    for (const { head, data } of this.#strangers.splice(0)) {
      counts.tensorBytesMoved += data.length;
      out.bytes(head);
      out.bytes(data);
    }
  }

  /**
   * Answers at once that the weight need not be sent, and refers the worker to it: what the worker lacks
   * is sent from this end's file. @returns `false` where this end does not know the weight.
   */
  async #haveIt(head: WireHead): Promise<boolean> {
    const { weights, layout, sender } = this.#options;
    const asked = readSetTensorHash(head.payload);
    const weight = asked && this.#named(asked.tensor, asked.fnv1a64);
    // The hash that came proves little, so the file must at least be the one that was hashed.
    if (weight === undefined || !await weights.isCurrent(weight)) return false;
    if (!await this.#answerHere(HAVE_IT)) return false;
    const frame = headForHash(head.payload, weight.byteLength, layout);
    await sender.refer({ head: frame, weight, data: undefined });
    return true;
  }

  /** The one weight of that hash; two of one hash are a collision, and then the bytes shall come. */
  #named(tensor: RpcTensor, fnv1a64: string): HostedWeight | undefined {
    return only(
      this.#options.weights.named(tensor.name).filter((weight) =>
        weight.fnv1a64 === fnv1a64 && mayBe(weight, tensor)
      ),
    );
  }

  async #answerHere(reply: Uint8Array | undefined): Promise<boolean> {
    if (reply === undefined || !await this.#options.answerHere(reply)) return false;
    this.#options.counts.answeredHere++;
    return true;
  }

  #pass(head: WireHead, onReply?: (payload: Uint8Array) => void): void {
    const { conversation, counts, out } = this.#options;
    const { command } = head;
    const replies = conversation.asked(onReply === undefined ? { command } : { command, onReply });
    if (replies) counts.roundTrips++;
    out.bytes(head.bytes);
  }
}

/** Their one SHA-256; several files may hold the same weight. */
function only(weights: readonly HostedWeight[]): HostedWeight | undefined {
  return new Set(weights.map(({ sha256 }) => sha256)).size === 1 ? weights[0] : undefined;
}

async function sha256Of(bytes: Uint8Array): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as BufferSource)).toHex();
}
