import { createHash, type Hash } from "node:crypto";
import type { AwaitedReply, Conversation } from "../rpc_wire/conversation.ts";
import { OF_A_TOKEN, RpcCommand } from "../rpc_wire/commands.ts";
import type { RpcLayout } from "../rpc_wire/layouts.ts";
import type { RpcTensor } from "../rpc_wire/rpc_tensor.ts";
import type { WireDecoder, WireEvent, WireHead } from "../rpc_wire/wire_decoder.ts";
import { MAX_REFERRED_BYTES } from "./weight_defaults.ts";
import type { Outbox } from "./outbox.ts";
import { encodeReply, Remembered } from "./remembered.ts";
import { countFrame, type RpcCounts } from "./rpc_counts.ts";
import {
  dataBytes,
  headForHash,
  mayBe,
  readSetTensor,
  readSetTensorHash,
  type TensorToSet,
} from "./set_tensor.ts";
import type { HostedWeight, WeightSource } from "./weight_source.ts";
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
  readonly data: Uint8Array<ArrayBuffer>;
  readonly candidates: readonly HostedWeight[];
  readonly hash: Hash;
  filled: number;
}

/** The answer to a SET_TENSOR_HASH: nothing needs to be sent. */
const HAVE_IT = encodeReply(Uint8Array.of(1));

/** The host's end's treatment of each request of llama-server: pass it, refer to it, or answer it. */
export class HostRequests {
  readonly #options: HostRequestsOptions;
  readonly #remembered = new Remembered();
  #holding: Holding | null = null;
  /** The first computation was asked for: what is set from now on is no weight, but what is computed with. */
  #isLoaded = false;

  constructor(options: HostRequestsOptions) {
    this.#options = options;
  }

  /** As much of a SET_TENSOR as is looked at. */
  get setTensorPrefixBytes(): number {
    return this.#isLoaded ? 0 : this.#options.layout.setTensorPrefixBytes;
  }

  /** Takes all requests of a chunk, whose bytes nobody may change before that. */
  async takeAll(bytes: Uint8Array, decoder: WireDecoder): Promise<void> {
    const skimmed = this.#isLoaded && this.#holding === null && this.#options.sender.isSettled
      ? decoder.skim(bytes, this.#passAtOnce)
      : 0;
    this.#options.out.bytes(bytes.subarray(0, skimmed));
    if (skimmed === bytes.length) return;
    for (const event of decoder.push(bytes.subarray(skimmed))) await this.take(event);
  }

  async take(event: WireEvent): Promise<void> {
    if (event.kind === "head") return await this.#head(event);
    const holding = this.#holding;
    if (holding === null) return this.#options.out.bytes(event.bytes);
    holding.data.set(event.bytes, holding.filled);
    // Piece by piece, which takes a tenth of a millisecond each: WebCrypto would copy the whole first.
    holding.hash.update(event.bytes);
    holding.filled += event.bytes.length;
    if (event.rest > 0) return;
    this.#holding = null;
    await this.#judge(holding);
  }

  /** llama-server says no more: what is held passes as far as it came. */
  async end(): Promise<void> {
    await this.#options.sender.settle();
    if (this.#holding !== null) this.#passHeld(this.#holding);
  }

  /** Once the model is loaded, most requests have nothing to be substituted, answered here or waited for. */
  readonly #passAtOnce = (command: number, size: number): boolean => {
    if (!OF_A_TOKEN.has(command)) return false;
    const { counts, layout } = this.#options;
    countFrame(counts, command);
    if (command === RpcCommand.SET_TENSOR) counts.tensorBytesMoved += dataBytes({ size }, layout);
    this.#asked({ command });
    return true;
  };

  async #head(head: WireHead): Promise<void> {
    const { counts, layout } = this.#options;
    countFrame(counts, head.command);
    if (head.command === RpcCommand.SET_TENSOR) {
      const found = readSetTensor(head, layout);
      if (found !== undefined && this.#hold(head, found)) return;
      counts.tensorBytesMoved += dataBytes(head, layout);
    }
    if (head.command === RpcCommand.SET_TENSOR_HASH && await this.#haveIt(head)) return;
    const key = this.#remembered.keyOf(head);
    if (key !== undefined && await this.#answerHere(this.#remembered.get(key))) return;
    await this.#options.sender.settle();
    if (head.command === RpcCommand.GRAPH_COMPUTE && !this.#isLoaded) {
      this.#isLoaded = true;
      this.#options.loaded();
    }
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
    const [data, hash] = [new Uint8Array(byteLength), createHash("sha256")];
    this.#holding = { head: head.bytes.slice(), data, candidates, hash, filled: 0 };
    return true;
  }

  /** The held bytes are whole: a reference where they are the file's, themselves where they are not. */
  async #judge(holding: Holding): Promise<void> {
    const { head, data, candidates, hash } = holding;
    const { sender } = this.#options;
    const sha256 = hash.digest("hex");
    const weight = candidates.find((candidate) => candidate.sha256 === sha256);
    if (weight !== undefined) return await sender.refer({ head, data, weight });
    await sender.settle();
    this.#passHeld(holding);
  }

  /** Nothing is on its way to the worker that could come behind it. */
  #passHeld({ head, data, filled }: Holding): void {
    const { out, counts } = this.#options;
    counts.tensorBytesMoved += filled;
    out.bytes(head);
    out.bytes(data.subarray(0, filled));
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
    const { command } = head;
    this.#asked(onReply === undefined ? { command } : { command, onReply });
    this.#options.out.bytes(head.bytes);
  }

  #asked(request: AwaitedReply): void {
    const { conversation, counts } = this.#options;
    if (conversation.asked(request)) counts.roundTrips++;
  }
}

/** Their one SHA-256; several files may hold the same weight. */
function only(weights: readonly HostedWeight[]): HostedWeight | undefined {
  return new Set(weights.map(({ sha256 }) => sha256)).size === 1 ? weights[0] : undefined;
}
