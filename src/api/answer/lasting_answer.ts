import { isEventStream } from "../../base/event_stream.ts";
import { Answer, type Asking, FULL } from "./answer.ts";
import { continueAnswer } from "./continuation/continue_answer.ts";
import { continuerOn } from "./continuation/continuer.ts";
import { decide, endpointOf, type RequestBody } from "./continuation/decide.ts";
import { type Endpoint, SentAnswer } from "./continuation/sent_answer.ts";
import { type Pieces, piecesOf } from "./event_reader.ts";
import { excessIn, lackIn } from "./excess.ts";
import { firstBytes } from "./first_bytes.ts";
import type { InstanceSearch } from "../routing/instances.ts";
import { RefusedError } from "../http/openai_errors.ts";
import { Suspicion } from "./suspicion.ts";
import {
  type ForwardRequest,
  type GatewayInstance,
  InstanceUnavailableError,
} from "../base/types.ts";

export interface LastingOptions {
  readonly asking: Asking;
  readonly search: InstanceSearch;
  readonly request: ForwardRequest;
  readonly streamed: boolean;
  /** An instance is asked, the first one or another. */
  readonly asks: () => void;
  /** The one that answers let the request wait for a slot first. */
  readonly waited: (ms: number) => void;
  /** Another instance goes on. */
  readonly continues: (instance: GatewayInstance) => void;
}

/** The status by which an instance says that another one may do better. */
const NOT_READY = 503;

const DONE = new TextEncoder().encode("data: [DONE]\n\n");

/**
 * The answer to one request, whichever instances it takes. Before its first byte the next instance is asked
 * in place of one that fails; after it, another one goes on where the text ends.
 */
export class LastingAnswer {
  readonly #options: LastingOptions;
  readonly #endpoint: Endpoint | null;
  #answer: Answer | undefined;
  #pieces: Pieces | undefined;
  #first: Uint8Array | null = null;
  #sent: SentAnswer;
  readonly #headed = Promise.withResolvers<void>();

  constructor(options: LastingOptions) {
    this.#options = options;
    this.#endpoint = options.streamed ? endpointOf(options.request.path) : null;
    this.#sent = new SentAnswer();
  }

  /** Why no instance is asked yet, for people; `null` where there is no more to say. */
  get waitsFor(): string | null {
    return this.#options.search.waitsFor;
  }

  /** The instance that answers. */
  get instance(): GatewayInstance {
    return this.#answer!.instance;
  }

  get response(): Response {
    return this.#answer!.response;
  }

  /** Resolves when an instance answers with events: their head may be passed on while the first is being made. */
  get headed(): Promise<void> {
    return this.#headed.promise;
  }

  /** Resolves when there is something to pass on. @throws {RefusedError} where no instance answers. */
  async open(): Promise<void> {
    const { search } = this.#options;
    using suspicion = new Suspicion(this.#options);
    for (;;) {
      const instance = await search.next();
      try {
        if (await this.#openOne(instance)) {
          await suspicion.answered();
          return search.began(instance);
        }
      } catch (error) {
        this.end();
        if (!(error instanceof InstanceUnavailableError)) throw error;
        search.failed(instance, error);
        if (error.isCrash) await suspicion.crashed();
      }
    }
  }

  /** The caller's bytes, in pieces. @throws if the answer breaks off and the caller has to see that. */
  async *pieces(): AsyncGenerator<Uint8Array> {
    if (this.#first !== null) yield this.#first;
    this.#first = null;
    let error: unknown;
    try {
      // Not by another generator: `yield*` takes every event through both.
      for (let piece = await this.#next(); piece !== null; piece = await this.#next()) yield piece;
      if (this.#isWhole()) return;
      error = new Error("The answer ended without its last event");
    } catch (thrown) {
      error = thrown;
    }
    this.#options.request.signal.throwIfAborted();
    if (!isEventStream(this.response)) throw error;
    yield* this.#goOn(error);
  }

  /** Frees the instance where it still works. Safe to call twice. */
  end(): void {
    this.#answer?.end();
  }

  /** False where the instance wants another one to be asked. */
  async #openOne(instance: GatewayInstance): Promise<boolean> {
    this.#options.asks();
    const { asking, request, search } = this.#options;
    this.#answer = await Answer.open(asking, instance, request);
    const { status, ok } = this.#answer.response;
    if (status === NOT_READY) {
      throw new InstanceUnavailableError("Its llama-server is not ready", { wasAsked: false });
    }
    // Without its load it is not the instance that is full: the caller's key has a limit there.
    if (status === FULL && this.#answer.load !== null) {
      this.end();
      search.full(instance);
      return false;
    }
    this.#options.waited(this.#answer.load?.waitedMs ?? 0);
    this.#pieces = piecesOf(this.#answer);
    this.#sent = new SentAnswer();
    if (ok && isEventStream(this.#answer.response)) this.#headed.resolve();
    try {
      const sent = this.#endpoint === null ? null : this.#sent;
      this.#first = await firstBytes(this.#answer, this.#pieces, sent);
    } catch (cause) {
      request.signal.throwIfAborted();
      if (cause instanceof InstanceUnavailableError) throw cause;
      const message = "The answer broke off before its first byte";
      throw new InstanceUnavailableError(message, { wasAsked: true, cause });
    }
    const excess = excessIn(status, this.#first);
    const lack = lackIn(status, this.#first);
    if (excess === null && lack === null) return true;
    this.end();
    if (excess !== null) search.tooLong(excess);
    if (lack !== null) search.lacksRoom(instance, lack);
    return false;
  }

  async #next(): Promise<Uint8Array | null> {
    const piece = await this.#pieces?.next() ?? null;
    if (piece !== null && this.#endpoint !== null) this.#sent.observe(piece);
    return piece;
  }

  #isWhole(): boolean {
    return this.#endpoint === null || !isEventStream(this.response) || this.#sent.done;
  }

  /** The rest of the answer from other instances. @throws {RefusedError} where there is none. */
  async *#goOn(error: unknown): AsyncGenerator<Uint8Array> {
    const { search, request, continues } = this.#options;
    const body = this.#endpoint === null ? {} : readBody(request);
    let broken = { instance: this.instance, error };
    for (;;) {
      this.end();
      const decision = decide(this.#endpoint, body, this.#sent);
      if (decision.kind === "lose") {
        throw new RefusedError({ kind: "interrupted", reason: decision.reason }, { cause: error });
      }
      if (decision.kind === "close") yield DONE;
      if (decision.kind !== "continue") return;
      search.failed(broken.instance, broken.error);
      const instance = await search.next();
      this.#options.asks();
      try {
        continues(instance);
        yield* this.#continueOn(instance, body);
        if (this.#sent.done) return;
        broken = { instance, error: new Error("The answer ended without its last event") };
      } catch (thrown) {
        request.signal.throwIfAborted();
        if (thrown instanceof RefusedError) throw thrown;
        broken = { instance, error: thrown };
      }
    }
  }

  async *#continueOn(instance: GatewayInstance, body: RequestBody): AsyncGenerator<Uint8Array> {
    const { head } = this.#sent;
    const endpoint = this.#endpoint;
    if (head === null || endpoint === null) return;
    const broken = { endpoint, body, sent: this.#sent, head };
    const { asking, request, search } = this.#options;
    const continuer = continuerOn(instance, {
      asking,
      request,
      streams: (answer) => {
        search.began(instance);
        this.#answer = answer;
      },
    });
    for await (const events of continueAnswer(continuer, broken)) {
      this.#sent.observe(events);
      yield events;
    }
  }
}

function readBody({ body }: ForwardRequest): RequestBody {
  return JSON.parse(new TextDecoder().decode(body ?? undefined));
}
