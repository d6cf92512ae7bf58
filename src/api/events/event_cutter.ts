import { createParser } from "eventsource-parser";
import { EVENT_LIMIT_BYTES } from "../base/defaults.ts";

const LINE_FEED = 0x0a;
const RETURN = 0x0d;
const NOTHING = new Uint8Array(0);

/**
 * Cuts a stream of Server-Sent Events behind those that are whole, so that whatever follows, after the
 * stream breaks off, stands on its own. Bytes in any cut give the same events, in time that grows with
 * their number alone.
 */
export class EventCutter {
  /** The first bytes hold the part after the last whole event. */
  #store: Uint8Array = NOTHING;
  #length = 0;

  /**
   * The events that are whole by now, as one piece; empty where none is.
   * @throws {RangeError} for an event that does not end within 4 MiB.
   */
  push(chunk: Uint8Array): Uint8Array {
    const before = this.#length;
    // The usual case: whole events, which need no copy.
    if (before === 0) return this.#cut(chunk, 0);
    this.#append(chunk);
    return this.#cut(this.rest(), before);
  }

  /** The bytes after the last whole event. */
  rest(): Uint8Array {
    return this.#store.subarray(0, this.#length);
  }

  /** @param known how many of the bytes were looked at before. */
  #cut(bytes: Uint8Array, known: number): Uint8Array {
    const end = endOfEvents(bytes, known);
    if (bytes.length - end > EVENT_LIMIT_BYTES) {
      throw new RangeError(`An event does not end within ${EVENT_LIMIT_BYTES} bytes`);
    }
    if (end === 0 && known > 0) return NOTHING;
    if (end === bytes.length) {
      this.#store = NOTHING;
      this.#length = 0;
      return bytes;
    }
    const rest = bytes.slice(end);
    this.#store = rest;
    this.#length = rest.length;
    return bytes.subarray(0, end);
  }

  #append(chunk: Uint8Array): void {
    const length = this.#length + chunk.length;
    if (length > this.#store.length) {
      const grown = new Uint8Array(Math.max(length, 2 * this.#store.length));
      grown.set(this.rest());
      this.#store = grown;
    }
    this.#store.set(chunk, this.#length);
    this.#length = length;
  }
}

/**
 * Index behind the last empty line, where that ends in the bytes from `known` on: lines end in LF or CR LF,
 * as every server here writes them.
 */
function endOfEvents(bytes: Uint8Array, known: number): number {
  // The usual case, without a search.
  if (bytes.at(-1) === LINE_FEED && bytes.at(-2) === LINE_FEED) return bytes.length;
  const fresh = bytes.subarray(known);
  for (let n = fresh.lastIndexOf(LINE_FEED); n >= 0; n = fresh.lastIndexOf(LINE_FEED, n - 1)) {
    const at = known + n;
    const before = bytes[at - 1] === RETURN ? at - 2 : at - 1;
    if (bytes[before] === LINE_FEED) return at + 1;
    // A negative index would be counted from the end.
    if (n === 0) break;
  }
  return 0;
}

/** The `data` of each event in a piece that {@linkcode EventCutter} gave; of the last one too, where its end is missing. */
export function datasOf(events: Uint8Array): string[] {
  const datas: string[] = [];
  const parser = createParser({ onEvent: ({ data }) => datas.push(data) });
  parser.feed(`${new TextDecoder().decode(events)}\n\n`);
  return datas;
}
