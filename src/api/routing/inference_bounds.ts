/** Requests that llama-server must not get, by their parsed body: each of these has crashed one. Pure. */

import {
  GRAMMAR_BYTES_LIMIT,
  GRAMMAR_RULES_LIMIT,
  JSON_DEPTH_LIMIT,
  SCHEMA_REFS_LIMIT,
} from "../base/defaults.ts";
import { RefusedError } from "../http/openai_errors.ts";

type Json = Readonly<Record<string, unknown>>;

/** Text of the conversation: only its pictures and sounds are looked at. */
const CONTENT = ["messages", "prompt", "input", "system", "content"];

/** Fields of which llama-server fetches or opens the address. */
const MEDIA = ["image_url", "video_url", "audio_url", "file_url"];

/**
 * llama-server walks grammars, patterns and the references of a schema recursively, and a thread's stack ends some
 * 15,000 brackets or 100,000 rules deep (measured with build 11669).
 * @throws {RefusedError}
 */
export function checkInference(body: Json): void {
  const grammar = body.grammar;
  if (typeof grammar === "string") checkGrammar(grammar);
  let refs = 0;
  for (const [key, value] of Object.entries(body)) {
    if (CONTENT.includes(key)) checkMedia(value, key);
    else refs += refsIn(value);
  }
  if (refs > SCHEMA_REFS_LIMIT) {
    throw tooMuch(`Its schemas hold more than ${SCHEMA_REFS_LIMIT} $ref`);
  }
}

/** Of a form: llama-server makes one object of its fields. @throws {RefusedError} */
export function checkForm(form: FormData): void {
  const grammar = form.get("grammar");
  if (typeof grammar === "string") checkGrammar(grammar);
}

function checkGrammar(grammar: string): void {
  if (grammar.length > GRAMMAR_BYTES_LIMIT) {
    throw tooMuch(`The grammar is longer than ${GRAMMAR_BYTES_LIMIT} characters`, "grammar");
  }
  if (nesting(grammar) > JSON_DEPTH_LIMIT) {
    throw tooMuch(`The grammar is nested more than ${JSON_DEPTH_LIMIT} deep`, "grammar");
  }
  if (grammar.split("::=").length - 1 > GRAMMAR_RULES_LIMIT) {
    throw tooMuch(`The grammar has more than ${GRAMMAR_RULES_LIMIT} rules`, "grammar");
  }
}

/**
 * The deepest bracket. Those that stand in quotes or are never closed count too: what is honest has a few of either,
 * and llama.cpp's own reading of quotes need not be copied.
 */
function nesting(text: string): number {
  let [depth, deepest] = [0, 0];
  for (const character of text) {
    if (character === "(") deepest = Math.max(deepest, ++depth);
    else if (character === ")") depth = Math.max(0, depth - 1);
  }
  return deepest;
}

/** Counts references, and looks at patterns: both become parts of a grammar. */
function refsIn(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  let refs = 0;
  for (const [key, inner] of Object.entries(value)) {
    if (key === "$ref") refs += 1;
    if (key === "pattern" && typeof inner === "string" && nesting(inner) > JSON_DEPTH_LIMIT) {
      throw tooMuch(`A pattern is nested more than ${JSON_DEPTH_LIMIT} deep`);
    }
    refs += refsIn(inner);
  }
  return refs;
}

/**
 * A machine of the mesh reads no address of its network, and no file, because a caller names it: pictures and sounds
 * come with the request. Arguments of a tool are the caller's own words, whatever they are called.
 */
function checkMedia(value: unknown, param: string): void {
  if (Array.isArray(value)) return value.forEach((part) => checkMedia(part, param));
  if (typeof value !== "object" || value === null) return;
  const part = value as Json;
  if (part.type === "tool_use") return;
  for (const key of MEDIA) checkAddress(part[key], param);
  const source = part.source as Json | null | undefined;
  if (typeof source === "object" && source?.type === "url") checkAddress(source, param);
  checkMedia(part.content, param);
}

/** As a string, or as `{"url": ...}`. */
function checkAddress(found: unknown, param: string): void {
  const address = typeof found === "object" && found !== null ? (found as Json).url : found;
  if (typeof address !== "string" || address.startsWith("data:")) return;
  throw new RefusedError({
    kind: "bad-body",
    reason:
      "Pictures and sounds come with the request, as data: URLs: no address is read for a caller",
    param,
  });
}

function tooMuch(reason: string, param?: string): RefusedError {
  return new RefusedError({ kind: "bad-body", reason, param });
}
