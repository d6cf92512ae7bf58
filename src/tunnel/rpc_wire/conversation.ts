import { hasReply, type RpcLayout } from "./layouts.ts";

/** A request whose reply is still to come. */
export interface AwaitedReply {
  readonly command: number;
  /** The consumer of the reply's payload. */
  readonly onReply?: (payload: Uint8Array) => void;
}

/**
 * Which replies are outstanding on one connection: replies come in the order of the requests and name
 * none. Once a command of unknown kind has passed, nobody can tell, and `idle` stays false.
 */
export class Conversation {
  readonly #awaited: AwaitedReply[] = [];
  #lost = false;

  constructor(private readonly layout: RpcLayout) {}

  /** Whether a reply may be given here: nothing that was asked before is unanswered. */
  get idle(): boolean {
    return !this.#lost && this.#awaited.length === 0;
  }

  /** The request whose reply comes next. */
  get next(): AwaitedReply | undefined {
    return this.#lost ? undefined : this.#awaited[0];
  }

  /** Answers whether a reply will come. */
  asked(request: AwaitedReply): boolean {
    const replies = hasReply(this.layout, request.command);
    if (replies === undefined) this.#lost = true;
    if (replies === true) this.#awaited.push(request);
    return replies === true;
  }

  /** A reply has come to its end. @param payload where all of it was held. */
  answered(payload?: Uint8Array): void {
    const awaited = this.#awaited.shift();
    if (awaited === undefined) this.#lost = true;
    else if (!this.#lost && payload !== undefined) awaited.onReply?.(payload);
  }
}
