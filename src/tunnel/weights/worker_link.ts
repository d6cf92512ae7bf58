import { asError } from "../../base/as_error.ts";
import type { ByteSink, ByteSource } from "../base/byte_pump.ts";
import { Conversation } from "../rpc_wire/conversation.ts";
import type { TranslatePort } from "../rpc_wire/register_peer.ts";
import type { PeerStream } from "../base/types.ts";
import { FirstFrame } from "./first_frame.ts";
import type { Greeting } from "./hello_reply.ts";
import type { LinkOptions } from "./host_link.ts";
import { AGREEMENT, MessageDecoder } from "./messages.ts";
import { Outbox } from "./outbox.ts";
import { notePlain, plainReason } from "./plain.ts";
import { ReplyWatch } from "./reply_watch.ts";
import { WorkerRequests } from "./worker_requests.ts";

export interface WorkerLinkOptions extends LinkOptions {
  /** Whether the host's end offered messages: without them the bytes pass as they are. */
  readonly agree: boolean;
  readonly translatePort: TranslatePort;
  /** As of the requests. @default nobody is told */
  readonly taken?: (bytes: readonly number[]) => void;
}

/** The worker's end of one RPC connection: the host's end on one side, rpc-server on the other. */
export class WorkerLink {
  readonly #options: WorkerLinkOptions;
  readonly #tcp: ByteSource & ByteSink;
  readonly #fromHost: ByteSource;
  readonly #toHost: Outbox;
  readonly #replies = new ReplyWatch((greeting) => this.#greeted(greeting));
  /** `undefined` where the version is unknown. */
  readonly #requests = Promise.withResolvers<WorkerRequests | undefined>();
  #understood: WorkerRequests | undefined;

  /** @param fromHost what the stream brings, where some of it was read already. */
  constructor(
    tcp: ByteSource & ByteSink,
    stream: PeerStream,
    fromHost: ByteSource,
    options: WorkerLinkOptions,
  ) {
    this.#tcp = tcp;
    this.#fromHost = fromHost;
    this.#options = options;
    this.#toHost = new Outbox(stream, options.counts);
    this.#requests.promise.catch(() => {});
  }

  /** From the host to rpc-server, to its end. */
  async toRpcServer(): Promise<void> {
    const first = new FirstFrame();
    const messages = new MessageDecoder();
    for (let bytes = await this.#read(); bytes !== null; bytes = await this.#read()) {
      const split = first.done ? { pass: [], rest: bytes } : first.push(bytes);
      for (const part of split.pass) await this.#tcp.write(part);
      if (split.rest.length > 0) await this.#later(split.rest, messages);
      this.#fromHost.recycle?.(bytes);
    }
    await this.#tcp.closeWrite();
  }

  /** Once both directions are over: lets go of what was being read or kept. */
  async end(): Promise<void> {
    await this.#understood?.end();
  }

  /** From rpc-server to the host, to its end. */
  async toHost(): Promise<void> {
    using out = this.#toHost;
    try {
      if (this.#options.agree) {
        out.bytes(AGREEMENT);
        await out.flush();
        out.framed = true;
      }
      for (let bytes = await this.#tcp.read(); bytes !== null; bytes = await this.#tcp.read()) {
        this.#replies.push(bytes).forEach((part) => out.bytes(part));
        // rpc-server writes the length of a reply by itself.
        const leaving = this.#replies.inReply ? out.gather() : out.flush();
        if (leaving !== undefined) await leaving;
      }
      await out.end();
      this.#requests.resolve(undefined);
    } catch (error) {
      this.#requests.reject(asError(error));
      throw error;
    }
  }

  #read(): Promise<Uint8Array | null> {
    return this.#fromHost.read();
  }

  /** Handles the bytes behind the first request. Nothing reads them afterwards. */
  async #later(bytes: Uint8Array, messages: MessageDecoder): Promise<void> {
    if (!this.#options.agree) return await this.#tcp.write(bytes);
    const requests = this.#understood ??= await this.#requests.promise;
    messages.push(bytes);
    for (let message = messages.next(); message; message = messages.next()) {
      if (requests !== undefined) await requests.take(message);
      else if (message.kind === "bytes") await this.#tcp.write(message.bytes);
    }
    messages.release();
  }

  #greeted(greeting: Greeting): Conversation | undefined {
    const { layout } = greeting;
    notePlain(plainReason(greeting, this.#options.agree), this.#options);
    if (layout === undefined || !this.#options.agree) {
      this.#requests.resolve(undefined);
      return undefined;
    }
    const conversation = new Conversation(layout);
    this.#requests.resolve(
      new WorkerRequests({
        ...this.#options,
        layout,
        conversation,
        rpcServer: this.#tcp,
        toHost: this.#toHost,
      }),
    );
    return conversation;
  }
}
