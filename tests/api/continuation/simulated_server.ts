import type { Continuer } from "../../../src/api/answer/continuation/continue_answer.ts";
import type { RequestBody } from "../../../src/api/answer/continuation/decide.ts";

const TEMPLATE = "user: x\nassistant: ";

/** A model's answer, in the tokens in which it says it. */
export interface Script {
  readonly text: string;
  /** Bytes of each token; the last one takes the rest. Characters may be cut. */
  readonly tokenBytes: readonly number[];
}

interface Piece {
  readonly text: string;
  readonly last: { readonly reason: "stop" | "length"; readonly made: number } | null;
}

/**
 * A model server by llama-server's rules, as read in its answers: it says a text only once its characters are
 * whole and no stop string may begin in what is not said yet; a stop string is never said.
 */
export class SimulatedServer implements Continuer {
  readonly #tokens: readonly Uint8Array[];
  readonly #endpoint: "chat" | "text";

  constructor(script: Script, endpoint: "chat" | "text") {
    this.#tokens = cutInTokens(script);
    this.#endpoint = endpoint;
  }

  get promptTokens(): number {
    return TEMPLATE.length;
  }

  get prompt(): string {
    return TEMPLATE;
  }

  /** The events of a whole answer. */
  answer(id: string, body: RequestBody): string[] {
    const head = { id, created: 1, model: "m", system_fingerprint: "f" };
    const object = this.#endpoint === "chat" ? "chat.completion.chunk" : "text_completion";
    const event = (choices: unknown, more = {}) =>
      `data: ${JSON.stringify({ choices, ...head, object, ...more })}\n\n`;
    const isChat = this.#endpoint === "chat";
    const opening = isChat
      ? [event([{ index: 0, delta: { role: "assistant", content: null } }])]
      : [];
    const said = this.#say(0, body).flatMap(({ text, last }) => {
      const delta = isChat ? { delta: { content: text } } : { text };
      const textEvent = text === "" ? [] : [event([{ index: 0, ...delta, finish_reason: null }])];
      if (last === null) return textEvent;
      const usage = {
        completion_tokens: last.made,
        prompt_tokens: TEMPLATE.length,
        total_tokens: TEMPLATE.length + last.made,
      };
      const finish = { index: 0, finish_reason: last.reason };
      const end = isChat
        ? [event([{ ...finish, delta: {} }]), event([], { usage })]
        : [event([{ ...finish, text: "" }], { usage })];
      return [...textEvent, ...end];
    });
    return [...opening, ...said, "data: [DONE]\n\n"];
  }

  ask(path: string, body: Record<string, unknown>): Promise<Record<string, unknown>> {
    switch (path) {
      case "/apply-template":
        return Promise.resolve({ prompt: TEMPLATE });
      case "/detokenize":
        return Promise.resolve({ content: TEMPLATE });
      case "/tokenize":
        return Promise.resolve({ tokens: this.#tokenize(String(body.content)) });
    }
    return Promise.reject(new Error(`Nothing answers ${path}`));
  }

  stream(path: string, body: Record<string, unknown>): Promise<AsyncIterable<Uint8Array>> {
    if (path !== "/completion") return Promise.reject(new Error(`Nothing answers ${path}`));
    const from = Number((body.prompt as number[]).at(-1));
    const limit = body.n_predict === -1 ? null : body.n_predict;
    const events = this.#say(from, { ...body, max_tokens: limit }).flatMap(({ text, last }) => [
      ...text === "" ? [] : [{ content: text, stop: false }],
      ...last === null ? [] : [{
        content: "",
        stop: true,
        stop_type: last.reason === "length" ? "limit" : "eos",
        tokens_predicted: last.made,
      }],
    ]);
    const text = events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("");
    return Promise.resolve(inBytes(new TextEncoder().encode(text)));
  }

  /** Whether a text ends where a token does: what is said right before a stop string may not. */
  endsToken(text: string): boolean {
    const length = new TextEncoder().encode(text).length;
    let bytes = 0;
    return length === 0 || this.#tokens.some((token) => (bytes += token.length) === length);
  }

  /** @param from bytes of the text that are there already. */
  #say(from: number, body: RequestBody): Piece[] {
    const stops = [body.stop ?? []].flat() as string[];
    const limit = typeof body.max_tokens === "number" ? body.max_tokens : Infinity;
    const pieces: Piece[] = [];
    const tokens = behind(this.#tokens, from);
    let unsaid = new Uint8Array(0);
    for (let made = 1;; made++) {
      const token = tokens[made - 1];
      const isLast = made >= limit;
      unsaid = new Uint8Array([...unsaid, ...token ?? []]);
      const text = wholeText(unsaid);
      const stop = text === null ? null : firstStop(text, stops);
      if (stop !== null) return [...pieces, { text: stop, last: { reason: "stop", made } }];
      if (token === undefined) {
        return [...pieces, { text: text ?? "", last: { reason: "stop", made } }];
      }
      if (isLast) return [...pieces, { text: text ?? "", last: { reason: "length", made } }];
      if (text !== null && text !== "" && !mayBeginStop(text, stops)) {
        pieces.push({ text, last: null });
        unsaid = new Uint8Array(0);
      }
    }
  }

  /** The last token tells how far the text has come. */
  #tokenize(content: string): number[] {
    const length = new TextEncoder().encode(content.slice(TEMPLATE.length)).length;
    const count = this.#tokens.length - behind(this.#tokens, length).length;
    const whole = behind(this.#tokens, length)[0] === this.#tokens[count];
    return [
      ...Array<number>(TEMPLATE.length + count + (whole ? 0 : 1)).fill(0).slice(1),
      length,
    ];
  }
}

/** The tokens behind so many bytes. */
function behind(tokens: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let at = 0;
  return tokens.flatMap((token) => {
    const start = Math.max(0, bytes - at);
    at += token.length;
    return start >= token.length ? [] : [start === 0 ? token : token.subarray(start)];
  });
}

function cutInTokens({ text, tokenBytes }: Script): Uint8Array[] {
  const bytes = new TextEncoder().encode(text);
  const tokens: Uint8Array[] = [];
  let at = 0;
  for (const length of tokenBytes) {
    if (at + length >= bytes.length) break;
    tokens.push(bytes.subarray(at, at + length));
    at += length;
  }
  if (at < bytes.length) tokens.push(bytes.subarray(at));
  return tokens;
}

/** `null` where its last character is not whole. */
function wholeText(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** The text before the first stop string. */
function firstStop(text: string, stops: readonly string[]): string | null {
  const at = stops.map((stop) => text.indexOf(stop)).filter((index) => index !== -1);
  return at.length === 0 ? null : text.slice(0, Math.min(...at));
}

function mayBeginStop(text: string, stops: readonly string[]): boolean {
  return stops.some((stop) =>
    Array.from({ length: stop.length }, (_, index) => stop.slice(0, index + 1))
      .some((begin) => text.endsWith(begin))
  );
}

async function* inBytes(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 7) {
    yield await Promise.resolve(bytes.subarray(at, at + 7));
  }
}
