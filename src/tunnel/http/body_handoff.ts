/**
 * A body that one side writes and the other reads, one piece at a time. Unlike a `TransformStream`,
 * it can be given up while a write waits for its reader: there an abort waits for that write.
 */
export class BodyHandoff {
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #wanted = Promise.withResolvers<void>();
  #over = false;

  readonly readable = new ReadableStream<Uint8Array>({
    start: (controller) => void (this.#controller = controller),
    pull: () => this.#wanted.resolve(),
    cancel: () => this.fail(new Error("The body was not wanted")),
  }, { highWaterMark: 0 });

  /** Resolves when the reader took the bytes, or never will. */
  async write(bytes: Uint8Array): Promise<void> {
    await this.#wanted.promise;
    if (this.#over) return;
    this.#wanted = Promise.withResolvers();
    this.#controller?.enqueue(bytes);
  }

  /** The body is whole. */
  end(): void {
    if (!this.#over) this.#controller?.close();
    this.#over = true;
  }

  /** The body breaks off: its reader fails, what is still written is dropped. */
  fail(reason: Error): void {
    if (!this.#over) this.#controller?.error(reason);
    this.#over = true;
    this.#wanted.resolve();
  }
}
