/** Bytes that come piece by piece to one reader. */
export interface BodySource {
  /** `null` at the end. Not to be called while it is under way, nor past the end. @throws what broke the bytes off */
  read(): Promise<Uint8Array | null>;
  /** Nothing more is wanted: a read under way ends, in whichever way. Safe after the end. */
  cancel(reason?: unknown): void;
}

/**
 * A stream for whoever wants one, and its source for readers on the way of an answer: each stream that a token passes
 * costs as much as all else that is done for it there.
 */
export class SourceStream extends ReadableStream<Uint8Array<ArrayBuffer>> {
  readonly #source: BodySource;

  constructor(source: BodySource) {
    super({
      async pull(controller) {
        const bytes = await source.read();
        if (bytes === null) controller.close();
        else controller.enqueue(bytes as Uint8Array<ArrayBuffer>);
      },
      cancel: (reason) => source.cancel(reason),
    }, { highWaterMark: 0 });
    this.#source = source;
  }

  /** In place of a reader: the stream is locked from now on. @throws {TypeError} where it has a reader. */
  take(): BodySource {
    this.getReader();
    return this.#source;
  }
}
