import { type BodySource, SourceStream } from "../../base/body_source.ts";
import { KEEP_ALIVE_MS } from "../base/defaults.ts";

/** Of the last three exactly one is called. */
export interface CallerEvents {
  passed(chunk: Uint8Array): void;
  /** The answer came whole. */
  completed(): void;
  /** The body did not end. A returned value is sent as the last bytes; without one the connection breaks off. */
  broke(error: unknown): Uint8Array | null;
  /** The caller went away. */
  cancelled(): void;
}

/** The source of the caller's bytes: a generator, or an object that is used like one. */
export interface CallerPieces {
  next(): Promise<IteratorResult<Uint8Array, unknown>>;
  /** Nothing more is wanted. */
  return(value?: undefined): Promise<unknown>;
}

/** A comment: clients of event streams pass it over. */
export const SIGN_OF_LIFE = signOfLife();

/** @param why a sentence for whoever looks at the stream. */
export function signOfLife(why: string | null = null): Uint8Array {
  // A line ends a comment, and names of machines and models are people's.
  const said = why === null ? "waiting" : `waiting: ${why.replaceAll(/[\r\n]/g, " ")}`;
  return new TextEncoder().encode(`: ${said}\n\n`);
}

/**
 * The answer's bytes as the caller reads them: one piece at a time, and none before it is asked for.
 * @param isEvents a caller that waits for long gets a comment now and then.
 * @param sign the comment. @default {() => SIGN_OF_LIFE}
 */
export function callerStream(
  pieces: CallerPieces,
  events: CallerEvents,
  { isEvents, sign = () => SIGN_OF_LIFE }: {
    readonly isEvents: boolean;
    readonly sign?: () => Uint8Array;
  },
): SourceStream {
  return new SourceStream(new CallerSource(pieces, events, isEvents ? sign : null));
}

class CallerSource implements BodySource {
  readonly #pieces: CallerPieces;
  readonly #events: CallerEvents;
  readonly #timer: ReturnType<typeof setInterval> | undefined;
  /** The read that waits. */
  #reader: PromiseWithResolvers<Uint8Array | null> | undefined;
  /** A piece is waited for: by the read, or, after a sign of life, by nobody yet. */
  #isComing = false;
  /** The outcome that nobody waited for. */
  #held: (() => Uint8Array | null) | undefined;
  /** Looks since the caller has waited. */
  #looks = 0;
  #isOver = false;

  constructor(pieces: CallerPieces, events: CallerEvents, sign: (() => Uint8Array) | null) {
    this.#pieces = pieces;
    this.#events = events;
    if (sign !== null) this.#timer = setInterval(() => this.#look(sign), KEEP_ALIVE_MS);
  }

  read(): Promise<Uint8Array | null> {
    const reader = this.#reader = Promise.withResolvers<Uint8Array | null>();
    if (this.#held !== undefined) this.#handOver(this.#held);
    else if (this.#isOver) this.#handOver(() => null);
    else if (!this.#isComing) void this.#fetch();
    return reader.promise;
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#end();
    this.#events.cancelled();
    this.#handOver(() => null);
    // That what it waited for has been given up is no news.
    this.#pieces.return(undefined).catch(() => {});
  }

  async #fetch(): Promise<void> {
    this.#isComing = true;
    this.#looks = 0;
    let outcome: () => Uint8Array | null;
    try {
      const { value, done } = await this.#pieces.next();
      if (this.#isOver) return;
      outcome = done ? this.#whole() : () => value;
      if (!done) this.#events.passed(value);
    } catch (error) {
      if (this.#isOver) return;
      outcome = this.#broken(error);
    }
    this.#isComing = false;
    this.#handOver(outcome);
  }

  #whole(): () => null {
    this.#end();
    this.#events.completed();
    return () => null;
  }

  /** Without last words the connection breaks off, so that the caller does not take a part for the whole. */
  #broken(error: unknown): () => Uint8Array {
    this.#end();
    const lastWords = this.#events.broke(error);
    return () => {
      if (lastWords === null) throw error;
      return lastWords;
    };
  }

  #handOver(outcome: () => Uint8Array | null): void {
    const reader = this.#reader;
    this.#held = reader === undefined ? outcome : undefined;
    this.#reader = undefined;
    try {
      reader?.resolve(outcome());
    } catch (error) {
      reader?.reject(error);
    }
  }

  #look(sign: () => Uint8Array): void {
    if (this.#reader !== undefined && ++this.#looks > 1) this.#handOver(sign);
  }

  #end(): void {
    this.#isOver = true;
    clearInterval(this.#timer);
  }
}
