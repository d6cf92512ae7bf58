import { isEventStream } from "../../base/event_stream.ts";
import type { Answer } from "./answer.ts";
import { EventCutter } from "../events/event_cutter.ts";

/** The bytes of an answer in the pieces in which they may be passed on. */
export interface Pieces {
  /** `null` at the end. @throws where the answer breaks off. */
  next(): Promise<Uint8Array | null>;
}

/** Of events whole ones only, of anything else what comes. */
export function piecesOf(answer: Answer): Pieces {
  return isEventStream(answer.response) ? new WholeEvents(answer) : { next: () => answer.read() };
}

class WholeEvents implements Pieces {
  readonly #answer: Answer;
  readonly #cutter = new EventCutter();
  #atEnd = false;

  constructor(answer: Answer) {
    this.#answer = answer;
  }

  async next(): Promise<Uint8Array | null> {
    while (!this.#atEnd) {
      const chunk = await this.#answer.read();
      this.#atEnd = chunk === null;
      // An end that is no break keeps what came last, whatever it is.
      const events = chunk === null ? this.#cutter.rest() : this.#cutter.push(chunk);
      if (events.length > 0) return events;
    }
    return null;
  }
}
