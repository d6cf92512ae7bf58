import { BODY_IDLE_MS } from "./defaults.ts";
import { RefusedError } from "./openai_errors.ts";

export interface ReadBodyOptions {
  readonly limitBytes: number;
  /** How long the sender may send nothing. @default {BODY_IDLE_MS} */
  readonly idleMs?: number;
}

/**
 * Reads a request's body whole. It ends with a `RefusedError` as soon as the body is known to be
 * larger than the limit: by its announced length at once, else while it comes.
 *
 * Of a sender that falls silent nothing is kept, but it hears so only with its next byte or its end: Deno
 * never ends a read whose request was answered meanwhile, and its 64 KiB would stay for good.
 */
export async function readBody(
  request: Request,
  { limitBytes, idleMs = BODY_IDLE_MS }: ReadBodyOptions,
): Promise<Uint8Array> {
  const tooLarge = () => new RefusedError({ kind: "body-too-large", limitBytes });
  if (Number(request.headers.get("content-length")) > limitBytes) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  using silence = new Silence(idleMs, () => chunks.length = 0);
  for await (const chunk of chunksOf(request)) {
    silence.broken();
    size += chunk.length;
    if (size > limitBytes) throw tooLarge();
    chunks.push(chunk);
  }
  silence.broken();
  return chunks.length === 1 ? chunks[0]! : concatenate(chunks, size);
}

/** Notices that a sender sends nothing. */
class Silence implements Disposable {
  readonly #idleMs: number;
  readonly #tooLong: () => void;
  #timer: ReturnType<typeof setTimeout>;
  #wasTooLong = false;

  constructor(idleMs: number, tooLong: () => void) {
    this.#idleMs = idleMs;
    this.#tooLong = tooLong;
    this.#timer = this.#wait();
  }

  /** @throws {RefusedError} where it had lasted too long. */
  broken(): void {
    clearTimeout(this.#timer);
    if (this.#wasTooLong) throw new RefusedError({ kind: "slow-body", idleMs: this.#idleMs });
    this.#timer = this.#wait();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  #wait(): ReturnType<typeof setTimeout> {
    return setTimeout(() => {
      this.#wasTooLong = true;
      this.#tooLong();
    }, this.#idleMs);
  }
}

/** Ends with a refusal where the body breaks off. Leaving the loop over it cancels the rest. */
async function* chunksOf(request: Request): AsyncGenerator<Uint8Array> {
  try {
    yield* request.body ?? [];
  } catch (error) {
    const reason = "The request body broke off before its end";
    throw new RefusedError({ kind: "bad-body", reason }, { cause: error });
  }
}

function concatenate(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}
