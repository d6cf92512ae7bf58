import { joinBytes } from "../../base/join_bytes.ts";
import type { BodyBudget } from "./body_budget.ts";
import { BODY_IDLE_MS, BODY_READ_BYTES } from "../base/defaults.ts";
import { type Body, IncomingBody } from "./incoming_body.ts";
import { RefusedError } from "./openai_errors.ts";

/** The part of a request that is read. */
export interface BodyToRead {
  readonly headers: Headers;
  readonly body: Body;
}

export interface ReadBodyOptions {
  readonly limitBytes: number;
  /** The memory that all bodies together may take while they arrive in pieces. */
  readonly budget: BodyBudget;
  /** How long the sender may send nothing. @default {BODY_IDLE_MS} */
  readonly idleMs?: number;
}

export const BROKE_OFF = "The request body broke off before its end";

/**
 * Reads a request's body whole. It ends with a `RefusedError` as soon as the body is known to be
 * larger than the limit: by its announced length at once, else while it comes.
 */
export async function readBody(
  request: BodyToRead,
  options: ReadBodyOptions,
): Promise<Uint8Array> {
  const { limitBytes, budget, idleMs = BODY_IDLE_MS } = options;
  const announcedBytes = Number(request.headers.get("content-length"));
  if (announcedBytes > limitBytes) throw new RefusedError({ kind: "body-too-large", limitBytes });
  const body = new HeldBody(budget);
  using watch = new IdleWatch(idleMs, () => chunks.cancel());
  const chunks = new Chunks(request, announcedBytes, () => watch.sent());
  try {
    for (let chunk = await chunks.next(); chunk !== null; chunk = await chunks.next()) {
      if (body.size + chunk.length > limitBytes) {
        throw new RefusedError({ kind: "body-too-large", limitBytes });
      }
      body.add(chunk);
      // All that was announced has come: another read would only find the end, and take as long.
      if (body.size === announcedBytes) break;
    }
    return body.whole();
  } catch (error) {
    chunks.cancel();
    throw error;
  } finally {
    body.letGo();
  }
}

/** The part of a body that has arrived. */
class HeldBody {
  readonly #budget: BodyBudget;
  #chunks: Uint8Array[] = [];
  size = 0;

  constructor(budget: BodyBudget) {
    this.#budget = budget;
  }

  /** @throws {RefusedError} where all bodies together are too much. */
  add(chunk: Uint8Array): void {
    if (!this.#budget.take(chunk.length)) {
      throw new RefusedError({ kind: "overloaded", model: null });
    }
    this.#chunks.push(chunk);
    this.size += chunk.length;
  }

  whole(): Uint8Array {
    return joinBytes(this.#chunks);
  }

  letGo(): void {
    this.#budget.giveBack(this.size);
    this.#chunks = [];
    this.size = 0;
  }
}

/** Notices that a sender sends nothing. */
class IdleWatch implements Disposable {
  readonly #idleMs: number;
  readonly #tooLong: () => void;
  #timer: ReturnType<typeof setTimeout>;
  #sentMs = performance.now();
  #wasTooLong = false;

  constructor(idleMs: number, tooLong: () => void) {
    this.#idleMs = idleMs;
    this.#tooLong = tooLong;
    this.#timer = this.#wait(idleMs);
  }

  /** @throws {RefusedError} where it comes too late. */
  sent(): void {
    if (this.#wasTooLong) throw new RefusedError({ kind: "slow-body", idleMs: this.#idleMs });
    this.#sentMs = performance.now();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  /** One timer for the usual body, which comes at once; it looks again where something came meanwhile. */
  #wait(ms: number): ReturnType<typeof setTimeout> {
    return setTimeout(() => {
      const leftMs = this.#sentMs + this.#idleMs - performance.now();
      if (leftMs > 0) {
        this.#timer = this.#wait(leftMs);
        return;
      }
      this.#wasTooLong = true;
      this.#tooLong();
    }, ms);
  }
}

/** A request's body, piece by piece. */
class Chunks {
  readonly #body: IncomingBody | ReadableStreamDefaultReader<Uint8Array> | undefined;
  readonly #came: () => void;
  /** The announced bytes that have not been handed over; unknown if no length was announced. */
  #leftBytes: number;
  #buffer: ArrayBuffer | undefined;
  #filled = 0;

  /**
   * @param sizeBytes of the body, where that was announced.
   * @param came is called whenever something comes, be it a part of a piece.
   */
  constructor({ body }: BodyToRead, sizeBytes: number, came: () => void) {
    this.#body = body instanceof IncomingBody ? body : body?.getReader();
    this.#leftBytes = sizeBytes > 0 ? sizeBytes : Infinity;
    this.#came = came;
  }

  /** `null` at the end. @throws {RefusedError} where the body breaks off, or what `came` throws. */
  async next(): Promise<Uint8Array | null> {
    if (this.#body === undefined) return null;
    if (this.#body instanceof IncomingBody) return await this.#fill(this.#body);
    const { value } = await this.#read(this.#body.read());
    return value ?? null;
  }

  /** The rest is not wanted; a body that broke off does not mind. */
  cancel(): void {
    this.#body?.cancel()?.catch(() => {});
  }

  /**
   * The usual body fills a buffer of its own size with one read. Of a sender of single bytes a buffer is filled on, or
   * each byte would cost an object.
   */
  async #fill(body: IncomingBody): Promise<Uint8Array | null> {
    const size = Math.min(this.#leftBytes, BODY_READ_BYTES) || BODY_READ_BYTES;
    const buffer = this.#buffer ??= new ArrayBuffer(size);
    while (this.#filled < buffer.byteLength) {
      const length = await this.#read(body.read(new Uint8Array(buffer, this.#filled)));
      if (length === 0) return this.#filled === 0 ? null : this.#handOver().slice();
      this.#filled += length;
    }
    return this.#handOver();
  }

  #handOver(): Uint8Array {
    const piece = new Uint8Array(this.#buffer ?? new ArrayBuffer(0), 0, this.#filled);
    this.#leftBytes -= this.#filled;
    this.#buffer = undefined;
    this.#filled = 0;
    return piece;
  }

  async #read<T>(reading: Promise<T>): Promise<T> {
    try {
      return await reading;
    } catch (error) {
      if (error instanceof RefusedError) throw error;
      throw new RefusedError({ kind: "bad-body", reason: BROKE_OFF }, { cause: error });
    } finally {
      // A body that was given up for coming too late has no other reason.
      this.#came();
    }
  }
}
