import { asError } from "../../base/as_error.ts";
import type { Logger } from "@logtape/logtape";
import type { ByteSink, ByteSource } from "../base/byte_pump.ts";
import { TunnelError } from "../base/errors.ts";
import { joinedRuns } from "../base/joined_runs.ts";
import { napOnOneCore } from "../base/nap.ts";
import { Conversation } from "../rpc_wire/conversation.ts";
import { MAX_PREFIX_BYTES, WireDecoder } from "../rpc_wire/wire_decoder.ts";
import type { PeerStream } from "../base/types.ts";
import { RpcCommand } from "../rpc_wire/commands.ts";
import type { RpcLayout } from "../rpc_wire/layouts.ts";
import { Agreement } from "./agreement.ts";
import { FirstFrame } from "./first_frame.ts";
import type { Greeting } from "./hello_reply.ts";
import { HostRequests } from "./host_requests.ts";
import { MessageDecoder } from "./messages.ts";
import { Outbox } from "./outbox.ts";
import { notePlain, plainReason } from "./plain.ts";
import { ReplyWatch } from "./reply_watch.ts";
import type { RpcCounts } from "./rpc_counts.ts";
import type { WeightSource } from "./weight_source.ts";
import { WeightSender } from "./weight_sender.ts";
import { NAP_MS } from "./weight_defaults.ts";

export interface LinkOptions {
  readonly weights: WeightSource;
  readonly peer: string;
  readonly counts: RpcCounts;
  readonly logger: Logger;
}

/** How the connection goes on behind its first request and reply. */
type Course =
  /** Unchanged: the worker's end did not agree, or the protocol's version is unknown. */
  | { readonly kind: "plain" }
  | { readonly kind: "understood"; readonly requests: HostRequests };

/** The host's end of one RPC connection: llama-server on one side, the worker's end on the other. */
export class HostLink {
  readonly #options: LinkOptions;
  readonly #tcp: ByteSource & ByteSink;
  readonly #stream: PeerStream;
  readonly #out: Outbox;
  readonly #sender: WeightSender;
  readonly #replies = new ReplyWatch((greeting) => this.#greeted(greeting));
  readonly #course = Promise.withResolvers<Course>();
  /** Counts when the connection began, for the line at the end of its load. */
  readonly #before: Readonly<RpcCounts>;
  #loadReported = false;
  #layout: RpcLayout | undefined;
  #requests: HostRequests | undefined;
  #conversation: Conversation | undefined;
  #agreed = false;
  /** Reply bytes are on their way to llama-server: nobody else may write there. */
  #replying = false;

  constructor(tcp: ByteSource & ByteSink, stream: PeerStream, options: LinkOptions) {
    this.#tcp = tcp;
    this.#stream = stream;
    this.#options = options;
    this.#out = new Outbox(stream, options.counts);
    this.#sender = new WeightSender({
      ...options,
      out: this.#out,
      // Ends both directions: llama-server must not compute with what it lacks.
      failed: (reason) => stream.reset(reason),
    });
    this.#before = { ...options.counts };
    this.#course.promise.catch(() => {});
  }

  /** From llama-server to the worker, to its end. */
  async toWorker(): Promise<void> {
    using out = this.#out;
    const first = new FirstFrame();
    const requests = new WireDecoder("requests", (command) => this.#prefixBytes(command));
    for (let bytes = await this.#tcp.read(); bytes !== null; bytes = await this.#tcp.read()) {
      let rest = bytes;
      if (!first.done) {
        const split = first.push(bytes);
        split.pass.forEach((part) => out.bytes(part));
        rest = split.rest;
        await out.flush();
      }
      if (rest.length > 0) await this.#later(rest, requests);
      // For a token llama-server says a dozen things and waits for the answer to the last of them.
      const isAwaited = this.#conversation?.idle !== true && !requests.inFrame;
      const leaving = isAwaited ? out.flush() : out.gather();
      if (leaving !== undefined) await leaving;
      if (out.isGathering) napOnOneCore(NAP_MS);
    }
    await this.#requests?.end();
    await out.end();
  }

  /** From the worker to llama-server, to its end. */
  async toHost(): Promise<void> {
    try {
      await this.#readWorker();
      await this.#tcp.closeWrite();
      this.#over(new TunnelError("The worker ended the stream"));
    } catch (error) {
      this.#over(asError(error));
      throw error;
    }
  }

  /** The bytes behind the first request wait until its reply has given the version. */
  async #later(bytes: Uint8Array, requests: WireDecoder): Promise<void> {
    const course = await this.#course.promise;
    this.#out.framed = this.#agreed;
    if (course.kind === "plain") return this.#out.bytes(bytes);
    await course.requests.takeAll(bytes, requests);
  }

  async #readWorker(): Promise<void> {
    const agreement = new Agreement();
    const messages = new MessageDecoder();
    for (let bytes = await this.#stream.read(); bytes !== null; bytes = await this.#stream.read()) {
      const rest = agreement.known ? bytes : agreement.push(bytes);
      this.#agreed = agreement.agreed;
      if (this.#agreed) await this.#readMessages(rest, messages);
      else if (rest.length > 0) await this.#reply(rest);
      this.#stream.recycle?.(bytes);
    }
    await this.#reply(agreement.rest());
  }

  /** Nothing looks at the bytes afterwards. */
  async #readMessages(bytes: Uint8Array, messages: MessageDecoder): Promise<void> {
    messages.push(bytes);
    for (let message = messages.next(); message; message = messages.next()) {
      if (message.kind === "bytes") await this.#reply(message.bytes);
      else if (message.kind === "filled") this.#sender.filled(message.id);
      else if (message.kind === "refused") this.#sender.refused(message.id);
      else throw new TunnelError(`The worker sent a message that is the host's: ${message.kind}`);
    }
    messages.release();
  }

  async #reply(bytes: Uint8Array): Promise<void> {
    this.#replying = true;
    for (const part of joinedRuns(this.#replies.push(bytes))) await this.#tcp.write(part);
    this.#replying = false;
  }

  #greeted(greeting: Greeting): Conversation | undefined {
    const { layout } = greeting;
    notePlain(plainReason(greeting, this.#agreed), this.#options);
    if (layout === undefined || !this.#agreed) {
      this.#course.resolve({ kind: "plain" });
      return undefined;
    }
    this.#layout = layout;
    const conversation = new Conversation(layout);
    this.#conversation = conversation;
    const { weights, counts } = this.#options;
    this.#requests = new HostRequests({
      layout,
      conversation,
      weights,
      counts,
      sender: this.#sender,
      out: this.#out,
      answerHere: (reply) => this.#answerHere(reply),
      loaded: () => this.#reportLoad(),
    });
    this.#course.resolve({ kind: "understood", requests: this.#requests });
    return conversation;
  }

  async #answerHere(reply: Uint8Array): Promise<boolean> {
    if (this.#replying || this.#conversation?.idle !== true) return false;
    await this.#tcp.write(reply);
    return true;
  }

  #prefixBytes(command: number): number {
    return command === RpcCommand.SET_TENSOR
      ? this.#requests?.setTensorPrefixBytes ?? 0
      : WHOLE.has(command)
      ? MAX_PREFIX_BYTES
      : 0;
  }

  #over(reason: Error): void {
    this.#course.resolve({ kind: "plain" });
    this.#sender.fail(reason);
  }

  /** Once a connection: one that carried no tensor has nothing to say. */
  #reportLoad(): void {
    const { counts, logger, peer } = this.#options;
    const savedBytes = counts.weightBytesSaved - this.#before.weightBytesSaved;
    const movedBytes = counts.tensorBytesMoved - this.#before.tensorBytesMoved;
    const refused = counts.refused - this.#before.refused;
    const answeredHere = counts.answeredHere - this.#before.answeredHere;
    const roundTrips = counts.roundTrips - this.#before.roundTrips;
    if (this.#loadReported || savedBytes + movedBytes === 0) return;
    this.#loadReported = true;
    logger.info(
      "{peer} took {savedBytes} bytes of weights from its own disk, {movedBytes} were sent " +
        "({refused} weights that it lacked); {answeredHere} of llama-server's questions were " +
        "answered here, {roundTrips} by the worker",
      { event: "weights", peer, savedBytes, movedBytes, refused, answeredHere, roundTrips },
    );
  }
}

/** Requests that are looked at whole; all of them are short. */
const WHOLE: ReadonlySet<number> = new Set([
  RpcCommand.SET_TENSOR_HASH,
  RpcCommand.GET_ALIGNMENT,
  RpcCommand.GET_MAX_SIZE,
  RpcCommand.DEVICE_COUNT,
  RpcCommand.GET_ALLOC_SIZE,
]);
