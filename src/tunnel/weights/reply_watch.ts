import type { Conversation } from "../rpc_wire/conversation.ts";
import { MAX_PREFIX_BYTES, WireDecoder } from "../rpc_wire/wire_decoder.ts";
import { type Greeting, HELLO_REPLY_BYTES, readGreeting } from "./hello_reply.ts";

/** Follows the replies of one connection while they pass. */
export class ReplyWatch {
  readonly #decoder = new WireDecoder("replies", () => this.#prefixBytes());
  readonly #greeted: (greeting: Greeting) => Conversation | undefined;
  #conversation: Conversation | undefined;
  #blind = false;
  #first = true;
  #payload: Uint8Array | undefined;

  /** @param greeted is told what the first reply says, and answers what to tell of the others. */
  constructor(greeted: (greeting: Greeting) => Conversation | undefined) {
    this.#greeted = greeted;
  }

  /** Whether a reply has begun and not ended: nobody can use what is there of it. */
  get inReply(): boolean {
    return this.#decoder.inFrame;
  }

  /** The bytes to pass in place of these. @throws {RpcWireError} */
  push(bytes: Uint8Array): Uint8Array[] {
    if (this.#blind) return [bytes];
    const pass: Uint8Array[] = [];
    for (const event of this.#decoder.push(bytes)) {
      if (this.#first) {
        const first = readGreeting(event);
        pass.push(...first.pass);
        this.#first = false;
        this.#conversation = this.#greeted(first.greeting);
        continue;
      }
      pass.push(event.bytes);
      if (event.kind === "head") {
        this.#payload = event.rest === 0 ? event.payload.slice() : undefined;
      }
      if (event.rest === 0) this.#conversation?.answered(this.#payload);
    }
    this.#blind = !this.#first && this.#conversation === undefined && !this.#decoder.inFrame;
    return pass;
  }

  /** Only what somebody wants to look at is held; most of it is a few bytes. */
  #prefixBytes(): number {
    if (this.#first) return HELLO_REPLY_BYTES;
    return this.#conversation?.next?.onReply === undefined ? 0 : MAX_PREFIX_BYTES;
  }
}
