import { RefusedError } from "./openai_errors.ts";

/**
 * Reads a request's body whole. It ends with a `RefusedError` as soon as the body is known to be
 * larger than the limit: by its announced length at once, else while it comes.
 */
export async function readBody(request: Request, limitBytes: number): Promise<Uint8Array> {
  const tooLarge = () => new RefusedError({ kind: "body-too-large", limitBytes });
  if (Number(request.headers.get("content-length")) > limitBytes) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunksOf(request)) {
    size += chunk.length;
    if (size > limitBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0]! : concatenate(chunks, size);
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
