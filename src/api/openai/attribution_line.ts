/**
 * Claude Code begins its prompts with a line about itself that is another one in every request. llama.cpp keeps what a
 * prompt shares with the one before, from its start, so that behind this line everything would be read anew: docs/agents.md.
 * Pure.
 */

import { Buffer } from "node:buffer";

/** As far as it is the same in all versions. */
const LINE = "x-anthropic-billing-header: cc_version=";

const encoder = new TextEncoder();

/** Of Anthropic's API: the messages, and the count of their tokens. */
const PATHS = /^\/v1\/messages(\/count_tokens)?(\?|$)/;

/** The body without that line, and with all its other bytes as they are; the same one where it has none. */
export function withoutAttributionLine(path: string, body: Uint8Array): Uint8Array {
  if (!PATHS.test(path) || !hasLine(body)) return body;
  const text = new TextDecoder().decode(body);
  const at = systemTextAt(text);
  if (at === -1 || !text.startsWith(LINE, at)) return body;
  return encoder.encode(text.slice(0, at) + text.slice(lineEnd(text, at)));
}

/** Hardly any body has it, and a search of bytes takes next to nothing. */
function hasLine(body: Uint8Array): boolean {
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).includes(LINE);
}

/** The start of the system prompt's text, or of its first block's, behind the quote; -1 where there is none. */
function systemTextAt(text: string): number {
  const system = memberAt(text, skipSpace(text, 0), "system");
  if (text[system] === '"') return system + 1;
  if (text[system] !== "[") return -1;
  const block = skipSpace(text, system + 1);
  const words = memberAt(text, block, "text");
  const type = memberAt(text, block, "type");
  return text[words] === '"' && text.startsWith('"text"', type) ? words + 1 : -1;
}

/** Behind the line and the line ends that follow it, which JSON escapes; or at the quote. */
function lineEnd(text: string, at: number): number {
  const quote = stringEnd(text, at - 1) - 1;
  let end = text.indexOf("\\n", at);
  if (end === -1 || end > quote) return quote;
  while (text.startsWith("\\n", end)) end += 2;
  return end;
}

/** The start of a member's value in the object that begins here; of several of a name the last, as parsers take it. */
function memberAt(text: string, at: number, name: string): number {
  if (text[at] !== "{") return -1;
  let depth = 0;
  let found = -1;
  for (let i = at; i < text.length; i++) {
    const char = text[i];
    if (char === '"') {
      const end = stringEnd(text, i);
      const next = skipSpace(text, end);
      const isName = depth === 1 && text[next] === ":";
      if (isName && JSON.parse(text.slice(i, end)) === name) found = skipSpace(text, next + 1);
      i = end - 1;
    } else if (char === "{" || char === "[") {
      depth++;
    } else if ((char === "}" || char === "]") && --depth === 0) {
      break;
    }
  }
  return found;
}

/** Behind the closing quote of the string that begins here. */
function stringEnd(text: string, at: number): number {
  let quote = at;
  let slashes = 0;
  do {
    quote = text.indexOf('"', quote + 1);
    if (quote === -1) return text.length;
    for (slashes = 0; text[quote - 1 - slashes] === "\\";) slashes++;
  } while (slashes % 2 === 1);
  return quote + 1;
}

function skipSpace(text: string, at: number): number {
  let next = at;
  while (" \t\r\n".includes(text[next] ?? "x")) next++;
  return next;
}
