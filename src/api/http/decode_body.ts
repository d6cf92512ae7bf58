import { reasonOf } from "../../base/as_error.ts";
import type { MiddlewareHandler } from "hono";
import { pipeline, type Transform } from "node:stream";
import {
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
} from "node:zlib";
import { BodyReader } from "../../base/body_reader.ts";
import { BODY_LIMIT_BYTES, CONTENT_CODINGS_MAX } from "../base/defaults.ts";
import { RefusedError } from "./openai_errors.ts";
import { BROKE_OFF } from "./read_body.ts";

/** Decoders by the names of `Content-Encoding`. */
const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  "x-gzip": createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
};

/** The codings in the order in which they were applied. @throws {RefusedError} for one that is not known. */
export function codingsOf(header: string | undefined): readonly string[] {
  const named = (header ?? "").split(",").map((name) => name.trim().toLowerCase());
  const codings = named.filter((name) => name !== "" && name !== "identity");
  const unknown = codings.find((name) => !Object.hasOwn(DECODERS, name));
  if (unknown !== undefined) throw new RefusedError({ kind: "content-encoding", found: unknown });
  if (codings.length > CONTENT_CODINGS_MAX) {
    throw new RefusedError({ kind: "content-encoding", found: codings.join(", ") });
  }
  return codings;
}

/**
 * Lets handlers read a compressed body as it was before. It is decoded piece by piece as they read, so that their own
 * limits hold for what comes out, and nothing is decoded that nobody wants.
 */
export function decodeBodies(): MiddlewareHandler {
  return async (c, next) => {
    const codings = codingsOf(c.req.header("content-encoding"));
    const { raw } = c.req;
    if (codings.length > 0 && raw.body !== null) c.req.raw = decoded(raw, raw.body, codings);
    await next();
  };
}

function decoded(
  request: Request,
  body: ReadableStream<Uint8Array>,
  codings: readonly string[],
): Request {
  const headers = new Headers(request.headers);
  headers.delete("content-encoding");
  // Of what was sent, not of what comes out.
  headers.delete("content-length");
  const { url, method, signal } = request;
  return new Request(url, { method, headers, signal, body: decode(body, codings) });
}

/** Whichever layer it is: what a reader's limit does not see must not grow without end either. */
async function* bounded(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const piece of pieces) {
    bytes += piece.length;
    if (bytes > BODY_LIMIT_BYTES) {
      throw new RefusedError({ kind: "body-too-large", limitBytes: BODY_LIMIT_BYTES });
    }
    yield piece;
  }
}

function decode(
  body: ReadableStream<Uint8Array>,
  codings: readonly string[],
): ReadableStream<Uint8Array> {
  // Made by the first read: until then nothing is asked for, or decoded, that a refusal makes needless.
  let iterator: AsyncIterator<Uint8Array> | undefined;
  return new ReadableStream({
    async pull(controller) {
      try {
        iterator ??= decodedPieces(body, codings)[Symbol.asyncIterator]();
        const { value, done } = await iterator.next();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        controller.error(error instanceof RefusedError ? error : undecodable(codings, error));
      }
    },
    async cancel() {
      await (iterator === undefined ? body.cancel() : iterator.return?.());
    },
  }, { highWaterMark: 0 });
}

function decodedPieces(
  body: ReadableStream<Uint8Array>,
  codings: readonly string[],
): AsyncIterable<Uint8Array> {
  let pieces: AsyncIterable<Uint8Array> = sentBytes(body);
  // The last that was applied is the first to be undone.
  for (const coding of codings.toReversed()) {
    // Its failure is met where the next stage is read.
    pieces = pipeline(bounded(pieces), DECODERS[coding]!(), () => {});
  }
  return pieces;
}

async function* sentBytes(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = new BodyReader(body);
  try {
    for (let piece = await reader.read(); piece !== null; piece = await reader.read()) yield piece;
  } catch (cause) {
    throw new RefusedError({ kind: "bad-body", reason: BROKE_OFF }, { cause });
  } finally {
    reader.cancel();
  }
}

function undecodable(codings: readonly string[], cause: unknown): RefusedError {
  const why = reasonOf(cause);
  const reason = `The request body can't be decoded from ${codings.join(", ")}: ${why}`;
  return new RefusedError({ kind: "bad-body", reason }, { cause });
}
