import type { QuicStream } from "../../../src/mesh/quic/stream.ts";

/** How an end consumes: at its own pace, or by libp2p's events. */
export type Consumption = "pull" | "events";

/** The end that the reader met. Only a clean end claims that everything has arrived. */
export type Outcome = "clean end" | "error";

/** Byte `index` of a direction: an own sequence for each, and none that repeats with a chunk. */
function byteAt(seed: number, index: number): number {
  return (seed + index * 7 + (index >> 8) * 13) & 0xff;
}

/** One end of a stream under test: writes in the background, reads all it can, and checks each byte. */
export class FuzzedEnd {
  readonly outcome: Promise<Outcome>;
  received = 0;
  /** The bytes that came in place of the expected ones. */
  fault: string | undefined;
  readonly #stream: QuicStream;
  readonly #sends: number;
  readonly #expects: number;
  readonly #consumption: Consumption;
  #written = 0;
  #writing: Promise<void> = Promise.resolve();
  #pause: PromiseWithResolvers<void> | undefined;

  constructor(
    stream: QuicStream,
    consumption: Consumption,
    direction: { sends: number; expects: number },
  ) {
    this.#stream = stream;
    this.#consumption = consumption;
    this.#sends = direction.sends;
    this.#expects = direction.expects;
    this.outcome = consumption === "pull" ? this.#pull() : this.#listen();
  }

  write(size: number): void {
    const start = this.#written;
    this.#written += size;
    this.#inBackground(() => {
      const bytes = Uint8Array.from({ length: size }, (_, i) => byteAt(this.#sends, start + i));
      return this.#stream.write(bytes);
    });
  }

  closeWrite(): void {
    this.#inBackground(() => this.#stream.closeWrite());
  }

  reset(): void {
    this.#stream.reset(new Error("The test resets"));
  }

  pause(): void {
    if (this.#consumption === "pull") this.#pause ??= Promise.withResolvers();
    else if (isReadable(this.#stream)) this.#stream.pause();
  }

  resume(): void {
    this.#pause?.resolve();
    this.#pause = undefined;
    if (this.#consumption === "events" && isReadable(this.#stream)) this.#stream.resume();
  }

  /** Resolves when nothing is under way any more. */
  async settled(): Promise<void> {
    await Promise.all([this.#writing, this.outcome, this.#stream.ended]);
  }

  #inBackground(step: () => Promise<void>): void {
    this.#writing = this.#writing.then(step).catch(() => undefined);
  }

  async #pull(): Promise<Outcome> {
    try {
      for (;;) {
        await this.#pause?.promise;
        const bytes = await this.#stream.read();
        if (bytes === null) return "clean end";
        this.#check(bytes);
      }
    } catch {
      return "error";
    }
  }

  #listen(): Promise<Outcome> {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const stream = this.#stream;
    stream.addEventListener("message", ({ data }) => this.#check(data.subarray()));
    stream.addEventListener("end", () => stream.status === "closed" && resolve("clean end"));
    stream.addEventListener("close", ({ error }) => {
      if (error !== undefined) resolve("error");
      else if (stream.readableEnded) resolve("clean end");
    });
    return promise;
  }

  #check(bytes: Uint8Array): void {
    for (const [at, byte] of bytes.entries()) {
      const index = this.received + at;
      if (byte !== byteAt(this.#expects, index)) this.fault ??= `byte ${index} is ${byte}`;
    }
    this.received += bytes.length;
  }
}

function isReadable({ readStatus }: QuicStream): boolean {
  return readStatus === "readable" || readStatus === "paused";
}
