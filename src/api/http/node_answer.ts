import { BodyReader } from "../../base/body_reader.ts";
import type { BodySource } from "../../base/body_source.ts";
import { isEventStream } from "../../base/event_stream.ts";
import type { ServerResponse } from "node:http";

/**
 * Sends an answer as its bytes come, no faster than the caller reads them. If the body fails, the connection breaks
 * off, so that nobody takes a part for the whole. Resolves when there is nothing more to send.
 */
export async function sendAnswer(answer: Response, outgoing: ServerResponse): Promise<void> {
  const { body, status } = answer;
  const headers = [...answer.headers].flat();
  if (body === null || outgoing.req.method === "HEAD") {
    outgoing.writeHead(status, headers).end();
    return await body?.cancel();
  }
  const reader = isSteady(answer) ? new BodyReader(body) : body.getReader();
  const hangUp = () => void reader.cancel()?.catch(() => {});
  if (outgoing.destroyed) return hangUp();
  outgoing.once("close", hangUp);
  try {
    if (reader instanceof BodyReader) {
      outgoing.writeHead(status, headers);
      const first = reader.read();
      if (!await comesInThisTurn(first)) outgoing.flushHeaders();
      await pump(reader, outgoing, first);
    } else await sendBrief(reader, outgoing, { status, headers });
  } catch {
    breakOff(outgoing);
  }
}

/** Bytes that were sent before arrive, and no end of the answer does. */
function breakOff({ req, socket }: ServerResponse): void {
  // To HTTP/1.0 the connection's orderly end would be the answer's.
  if (req.httpVersion === "1.1") socket?.destroySoon();
  else socket?.resetAndDestroy();
}

/** Its head can't wait for the body, or need not. */
function isSteady(answer: Response): boolean {
  return answer.headers.has("content-length") || isEventStream(answer);
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;

/** A body that is made here is one piece, whose length is known once it is complete. */
async function sendBrief(
  reader: Reader,
  outgoing: ServerResponse,
  { status, headers }: { readonly status: number; readonly headers: string[] },
): Promise<void> {
  const first = await reader.read();
  const piece = first.value ?? new Uint8Array(0);
  const rest = reader.read();
  if (await endsAtOnce(rest)) {
    outgoing.writeHead(status, [...headers, "content-length", String(piece.length)]).end(piece);
    return;
  }
  outgoing.writeHead(status, headers).write(piece);
  const { value } = await rest;
  if (value !== undefined) outgoing.write(value);
  const source = { read: async () => (await reader.read()).value ?? null, cancel: () => {} };
  await pump(source, outgoing);
}

type Read = ReadableStreamReadResult<Uint8Array>;

/** True for the end of a body that is whole already: that takes no time to find. */
async function endsAtOnce(reading: Promise<Read>): Promise<boolean> {
  const end = reading.then(({ done }) => done, () => false);
  return await Promise.race([end, Promise.resolve().then(() => {}).then(() => false)]);
}

/** Whether the head of an answer can go with its first piece: each write wakes the caller. */
async function comesInThisTurn(first: Promise<unknown>): Promise<boolean> {
  const come = first.then(() => true, () => false);
  return await Promise.race([
    come,
    new Promise<false>((resolve) => setImmediate(() => resolve(false))),
  ]);
}

async function pump(
  source: BodySource,
  outgoing: ServerResponse,
  first = source.read(),
): Promise<void> {
  for (let piece = await first; piece !== null; piece = await source.read()) {
    if (!outgoing.write(piece)) await drained(outgoing);
  }
  outgoing.end();
}

/** Resolves when the caller has read, or has gone. */
async function drained(outgoing: ServerResponse): Promise<void> {
  if (outgoing.destroyed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  outgoing.once("drain", resolve).once("close", resolve);
  await promise;
  outgoing.off("drain", resolve).off("close", resolve);
}
