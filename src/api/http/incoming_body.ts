import type { IncomingMessage } from "node:http";
import { BODY_READ_BYTES } from "../base/defaults.ts";

/** A request's body, as it is read. */
export type Body = IncomingBody | ReadableStream<Uint8Array> | null;

/**
 * The body of a request of `node:http`, read into memory of its reader's. Nothing of the parser's own buffers is kept: a
 * sender of single bytes would make each of them hold some 64 KiB.
 */
export class IncomingBody {
  readonly #incoming: IncomingMessage;
  readonly #wanted: () => void;
  #isWanted = false;
  #isCancelled = false;
  #wake = () => {};

  /** @param wanted is called once, before the first byte is read */
  constructor(incoming: IncomingMessage, wanted: () => void) {
    this.#incoming = incoming;
    this.#wanted = wanted;
    const wake = () => this.#wake();
    incoming.on("readable", wake).on("end", wake).on("close", wake);
  }

  /**
   * Fills a buffer with what has come, once something has; not to be called while it is under way.
   * @returns how many bytes that are: none at the end
   * @throws where the body stopped short of its end, or was cancelled.
   */
  async read(into: Uint8Array): Promise<number> {
    await this.#come();
    return this.#take(into);
  }

  /** Nothing more is wanted: a read that is under way fails. */
  cancel(): void {
    this.#isCancelled = true;
    this.#wake();
  }

  /** For whoever wants a stream, which fills its reader's buffer; nobody else may read then. */
  stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return new ReadableStream({
      type: "bytes",
      pull: (controller) => this.#pass(controller),
      cancel: () => this.cancel(),
    });
  }

  /** Resolves when there is something, or nothing more will come. */
  async #come(): Promise<void> {
    const incoming = this.#incoming;
    if (!this.#isWanted) this.#wanted();
    this.#isWanted = true;
    while (incoming.readableLength === 0 && !this.#isOver) {
      // If the body ended before all of it was read, only a further read reports that end.
      incoming.read(0);
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }

  #take(into: Uint8Array): number {
    if (this.#isCancelled) throw new Error("The body is not wanted");
    const incoming = this.#incoming;
    const chunk: Uint8Array | null = incoming.read(Math.min(into.length, incoming.readableLength));
    if (chunk !== null) {
      into.set(chunk);
      return chunk.length;
    }
    if (incoming.readableEnded) return 0;
    throw new Error("The connection was lost");
  }

  get #isOver(): boolean {
    const { readableEnded, destroyed } = this.#incoming;
    return readableEnded || destroyed || this.#isCancelled;
  }

  async #pass(controller: ReadableByteStreamController): Promise<void> {
    await this.#come();
    const request = controller.byobRequest;
    const view = request?.view;
    const into = view
      ? new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
      : new Uint8Array(Math.min(BODY_READ_BYTES, this.#incoming.readableLength));
    const length = this.#take(into);
    if (length === 0) {
      controller.close();
      request?.respond(0);
    } else if (request) request.respond(length);
    else controller.enqueue(into);
  }
}
