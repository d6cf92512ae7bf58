export interface SentEvent {
  readonly event: string;
  readonly id: string;
  readonly data: unknown;
}

/** Reads Server-Sent Events, one after the other. */
export class SseReader {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #buffered = "";

  constructor(body: ReadableStream<Uint8Array>) {
    const text = body.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>);
    this.#reader = text.getReader();
  }

  /** The next block between empty lines, `null` at the end. */
  async block(): Promise<string | null> {
    for (;;) {
      const end = this.#buffered.indexOf("\n\n");
      if (end !== -1) {
        const block = this.#buffered.slice(0, end);
        this.#buffered = this.#buffered.slice(end + 2);
        return block;
      }
      const { value, done } = await this.#reader.read();
      if (done) return null;
      this.#buffered += value;
    }
  }

  async next(): Promise<SentEvent> {
    const lines = (await this.block() ?? "").split("\n");
    const field = (name: string) =>
      lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? "";
    return { event: field("event"), id: field("id"), data: JSON.parse(field("data")) };
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel();
  }
}
