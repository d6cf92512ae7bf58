import { JSON_DEPTH_LIMIT, JSON_VALUES_LIMIT } from "../base/defaults.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

export interface JsonBounds {
  readonly maxDepth: number;
  readonly maxValues: number;
}

const DEFAULT_BOUNDS: JsonBounds = { maxDepth: JSON_DEPTH_LIMIT, maxValues: JSON_VALUES_LIMIT };

/**
 * Says what makes JSON too costly to parse, before it is parsed; `null` for what may be. It looks at
 * brackets and commas only: whether the bytes are JSON at all is the parser's question.
 */
export function excessOf(bytes: Uint8Array, bounds = DEFAULT_BOUNDS): "depth" | "values" | null {
  let depth = 0;
  let values = 1;
  for (let at = 0; at < bytes.length; at++) {
    switch (bytes[at]) {
      case QUOTE:
        at = endOfString(bytes, at);
        break;
      case OPEN_LIST:
      case OPEN_OBJECT:
        values++;
        if (++depth > bounds.maxDepth) return "depth";
        break;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        depth--;
        break;
      case COMMA:
        values++;
    }
    if (values > bounds.maxValues) return "values";
  }
  return null;
}

/** Index of the quote that ends the string which starts at `start`; the end where none does. */
function endOfString(bytes: Uint8Array, start: number): number {
  for (let at = start + 1;; at++) {
    at = bytes.indexOf(QUOTE, at);
    if (at === -1) return bytes.length;
    let backslashes = 0;
    while (bytes[at - 1 - backslashes] === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return at;
  }
}
