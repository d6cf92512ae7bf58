import type { Conversation } from "../rpc_wire/conversation.ts";
import { RpcCommand } from "../rpc_wire/commands.ts";
import type { RpcLayout } from "../rpc_wire/layouts.ts";
import type { RpcTensor } from "../rpc_wire/rpc_tensor.ts";
import type { WireEvent, WireHead } from "../rpc_wire/wire_decoder.ts";
import { MAX_REFERRED_BYTES } from "./defaults.ts";
import type { Outbox } from "./outbox.ts";
import { References } from "./references.ts";
import { Remembered } from "./remembered.ts";
import { countFrame, type RpcCounts } from "./rpc_counts.ts";
import { mayBe, readSetTensor, readSetTensorHash, type TensorToSet } from "./set_tensor.ts";
import type { HostedWeight, Weight, WeightSource } from "./types.ts";

export interface HostRequestsOptions {
  readonly layout: RpcLayout;
  readonly conversation: Conversation;
  readonly weights: WeightSource;
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

/** What the host's end does with each request of llama-server: pass it, refer to it, or answer it. */
export class HostRequests {
  readonly #options: HostRequestsOptions;
  readonly #remembered = new Remembered();
  /** Weights that the worker said it does not have; their bytes come next. */
  readonly #declined = new Map<string, Weight>();
  readonly references: References;
  #holding: Holding | null = null;

  constructor(options: HostRequestsOptions) {
    this.#options = options;
    this.references = new References(({ data }) => {
      options.counts.weightBytesSaved += data.length;
    });
  }

  async take(event: WireEvent): Promise<void> {
    if (event.kind === "head") return await this.#head(event);
    if (this.#holding === null) return this.#options.out.bytes(event.bytes);
    this.#holding.data.set(event.bytes, this.#holding.filled);
    this.#holding.filled += event.bytes.length;
    if (event.rest === 0) await this.#decide(this.#holding);
  }

  /** llama-server says no more: what is held passes as far as it came, and refused frames are sent. */
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
    if (head.command === RpcCommand.SET_TENSOR) {
      const found = readSetTensor(head, layout);
      const candidates = found === undefined ? [] : this.#candidates(found);
      if (found !== undefined && this.#hold(head, found, candidates)) return;
      await this.#settle();
      counts.tensorBytesMoved += head.rest;
      return this.#carry(head, found, candidates);
    }
    await this.#settle();
    if (head.command === RpcCommand.GRAPH_COMPUTE) this.#options.loaded();
    if (head.command === RpcCommand.SET_TENSOR_HASH && await this.#offer(head)) return;
    const key = this.#remembered.keyOf(head);
    if (key !== undefined && await this.#answerHere(key)) return;
    this.#pass(
      head,
      key === undefined ? undefined : (payload) => {
        this.#remembered.keep(key, payload);
      },
    );
  }

  #candidates({ tensor, byteLength }: TensorToSet): readonly HostedWeight[] {
    return this.#options.weights.named(tensor.name).filter((weight) =>
      weight.byteLength === byteLength && mayBe(weight, tensor)
    );
  }

  /** Holds what may be a weight, and is as long as one: never more than a file on this disk has. */
  #hold(head: WireHead, { byteLength }: TensorToSet, candidates: readonly HostedWeight[]): boolean {
    if (candidates.length === 0 || byteLength === 0 || byteLength > MAX_REFERRED_BYTES) {
      return false;
    }
    const data = new Uint8Array(byteLength);
    this.#holding = { head: head.bytes.slice(), data, candidates, filled: 0 };
    return true;
  }

  /** The held bytes are whole: a reference where they are the file's, themselves where they are not. */
  async #decide({ head, data, candidates }: Holding): Promise<void> {
    const { out, counts } = this.#options;
    this.#holding = null;
    const sha256 = await sha256Of(data);
    const weight = candidates.find((candidate) => candidate.sha256 === sha256);
    if (weight === undefined) {
      await this.#settle();
      counts.tensorBytesMoved += data.length;
      out.bytes(head);
      out.bytes(data);
      return;
    }
    if (this.references.isFull(data.length)) await this.#settle();
    const { id } = this.references.hold({ head, data, weight });
    out.message({ kind: "refer", id, sha256, byteLength: data.length, head });
  }

  /** Waits until the worker has answered every reference, and sends what it refused. */
  async #settle(): Promise<void> {
    const { out, counts } = this.#options;
    while (!this.references.settled) {
      for (let held = this.references.nextRefused(); held; held = this.references.nextRefused()) {
        const { id, weight: { sha256, byteLength } } = held;
        out.message({ kind: "carry", id, sha256, byteLength, head: new Uint8Array(0) });
        out.bytes(held.head);
        out.bytes(held.data);
        counts.tensorBytesMoved += held.data.length;
      }
      const answered = this.references.settled ? undefined : this.references.change();
      // Where the stream breaks both fail, and only the first one is waited for.
      answered?.catch(() => {});
      await out.flush();
      await answered;
    }
  }

  /** Passes a SET_TENSOR, and says so where its data are a weight that the worker may keep. */
  #carry(
    head: WireHead,
    found: TensorToSet | undefined,
    candidates: readonly HostedWeight[],
  ): void {
    const name = found?.tensor.name ?? "";
    const weight = this.#declined.get(name) ?? only(candidates);
    this.#declined.delete(name);
    if (weight !== undefined && weight.byteLength === found?.byteLength) {
      const { sha256, byteLength } = weight;
      this.#options.out.message({
        kind: "carry",
        id: 0,
        sha256,
        byteLength,
        head: new Uint8Array(0),
      });
    }
    this.#pass(head);
  }

  /** Tells the worker what llama-server asks for. @returns `false` where this end does not know it. */
  async #offer(head: WireHead): Promise<boolean> {
    const { weights, conversation, counts, out } = this.#options;
    const asked = readSetTensorHash(head.payload);
    const weight = asked && this.#named(asked.tensor, asked.fnv1a64);
    // The hash that came proves little, so the file must at least be the one that was hashed.
    if (weight === undefined || !await weights.isCurrent(weight)) return false;
    const { name, sha256, byteLength } = weight;
    conversation.asked({
      command: head.command,
      onReply: ([has]) => {
        if (has === 1) counts.weightBytesSaved += byteLength;
        else this.#declined.set(name, weight);
      },
    });
    counts.roundTrips++;
    out.message({ kind: "offer", id: 0, sha256, byteLength, head: head.bytes });
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

  async #answerHere(key: string): Promise<boolean> {
    const reply = this.#remembered.get(key);
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
