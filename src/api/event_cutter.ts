import { EVENT_LIMIT_BYTES } from "./defaults.ts";

const LINE_FEED = 0x0a;
const RETURN = 0x0d;
const NOTHING = new Uint8Array(0);

/**
 * Cuts a stream of Server-Sent Events behind those that are whole, so that whatever follows, after the
 * stream breaks off, stands on its own. Bytes in any cut give the same events.
 */
export class EventCutter {
  #rest: Uint8Array = NOTHING;

  /**
   * The events that are whole by now, as one piece; empty where none is.
   * @throws {RangeError} for an event that does not end within 4 MiB.
   */
  push(chunk: Uint8Array): Uint8Array {
    const bytes = this.#rest.length === 0 ? chunk : joined(this.#rest, chunk);
    const end = endOfEvents(bytes);
    this.#rest = bytes.subarray(end);
    if (this.#rest.length > EVENT_LIMIT_BYTES) {
      throw new RangeError(`An event does not end within ${EVENT_LIMIT_BYTES} bytes`);
    }
    return bytes.subarray(0, end);
  }

  /** What came after the last whole event. */
  rest(): Uint8Array {
    return this.#rest;
  }
}

/** Index behind the last empty line: lines end in LF or CR LF, as every server here writes them. */
function endOfEvents(bytes: Uint8Array): number {
  for (let at = bytes.lastIndexOf(LINE_FEED); at > 0; at = bytes.lastIndexOf(LINE_FEED, at - 1)) {
    const before = bytes[at - 1] === RETURN ? at - 2 : at - 1;
    if (bytes[before] === LINE_FEED) return at + 1;
  }
  return 0;
}

/** What an event says in its `data` lines; `null` for a comment. */
export function dataOf(event: string): string | null {
  const lines = event.split(/\r?\n/).filter((line) => line.startsWith("data:"));
  if (lines.length === 0) return null;
  return lines.map((line) => line.slice(line[5] === " " ? 6 : 5)).join("\n");
}

/** The `data` of each event in a piece that {@linkcode EventCutter} gave. */
export function datasOf(events: Uint8Array): string[] {
  if (events.length === 0) return [];
  return new TextDecoder().decode(events).split(/\r?\n\r?\n/).flatMap((event) =>
    dataOf(event) ?? []
  );
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
