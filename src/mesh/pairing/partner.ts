import { z } from "zod";
import { Deadline } from "../../base/deadline.ts";
import { raceSignal } from "../../base/race_signal.ts";
import type { Clock } from "../base/clock.ts";
import { MessageStream } from "../base/messages.ts";
import type { NetworkStream } from "../link/network.ts";
import { MAX_PAIRING_MESSAGE_BYTES, PAIRING_STEP_MS } from "./defaults.ts";

/** The other end, each of whose steps has its time. */
export class Partner {
  readonly #stream: NetworkStream;
  readonly #messages: MessageStream;
  readonly #clock: Clock;
  readonly #stopping: AbortSignal;
  #reading: Promise<unknown> | undefined;

  constructor(stream: NetworkStream, clock: Clock, stopping: AbortSignal) {
    this.#stream = stream;
    this.#messages = new MessageStream(stream, MAX_PAIRING_MESSAGE_BYTES);
    this.#clock = clock;
    this.#stopping = stopping;
  }

  expect<T>(schema: z.ZodType<T>, what: string): Promise<T> {
    return this.#inTime(this.#messages.expect(schema, what), what);
  }

  /** The same of a person, who takes as long as the signal allows. */
  expectSlowly<T>(schema: z.ZodType<T>, what: string, signal: AbortSignal): Promise<T> {
    return raceSignal(this.#messages.expect(schema, what), signal);
  }

  async say(message: unknown, last?: "last"): Promise<void> {
    await this.#inTime(this.#messages.write(message), "answer");
    if (last !== undefined) await this.end();
  }

  /** Resolves when the other end has hung up, or says what nobody asked it. */
  gone(): Promise<void> {
    this.#reading ??= raceSignal(this.#messages.read(z.unknown(), "rest"), this.#stopping)
      .catch(() => undefined);
    return this.#reading.then(() => undefined);
  }

  /** Lets the other end read what was said: it hangs up then. */
  async end(): Promise<void> {
    await this.#inTime(this.#stream.closeWrite().then(() => this.gone()), "end")
      .catch(() => undefined);
  }

  async #inTime<T>(step: Promise<T>, what: string): Promise<T> {
    using deadline = Deadline.forStep(
      PAIRING_STEP_MS,
      `The ${what} of the pairing`,
      this.#stopping,
      this.#clock,
    );
    return await raceSignal(step, deadline.signal);
  }
}
