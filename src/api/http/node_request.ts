import type { IncomingMessage } from "node:http";
import { BODY_READ_BYTES } from "../base/defaults.ts";

export interface RequestParts {
  /** Aborts when the caller hangs up before its answer has ended. */
  readonly signal: AbortSignal;
  /** Called once, before the first byte of the body is read. */
  readonly wanted: () => void;
}

/** Stands in a URL for a `Host` that is none; the header itself is what a port judges. */
const NO_HOST = "localhost";

/** A request of `node:http`, as Hono's handlers take it. */
export function requestOf(incoming: IncomingMessage, { signal, wanted }: RequestParts): Request {
  const method = incoming.method ?? "GET";
  const hasBody = method !== "GET" && method !== "HEAD";
  return new Request(urlOf(incoming), {
    method,
    headers: headersOf(incoming),
    signal,
    ...(hasBody ? { body: bodyOf(incoming, wanted) } : {}),
  });
}

/** The target as it was sent: a whole URL names its own host, whatever the header says. */
function urlOf({ url = "/", headers }: IncomingMessage): string {
  if (/^https?:\/\//i.test(url)) return URL.canParse(url) ? url : `http://${NO_HOST}/`;
  const path = url.startsWith("/") ? url : `/${url}`;
  const whole = `http://${headers.host ?? NO_HOST}${path}`;
  return URL.canParse(whole) ? whole : `http://${NO_HOST}${path}`;
}

function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers();
  for (let n = 0; n + 1 < rawHeaders.length; n += 2) {
    headers.append(rawHeaders[n]!, rawHeaders[n + 1]!);
  }
  return headers;
}

/**
 * The body as a stream of bytes that fills its reader's buffer. Nothing of the parser's own buffers is kept: a sender
 * of single bytes would make each of them hold some 64 KiB.
 */
function bodyOf(incoming: IncomingMessage, wanted: () => void): ReadableStream<Uint8Array> {
  let isWanted = false;
  let wake = () => {};
  incoming.on("readable", () => wake()).on("end", () => wake()).on("close", () => wake());
  return new ReadableStream({
    type: "bytes",
    async pull(controller) {
      if (!isWanted) wanted();
      isWanted = true;
      while (incoming.readableLength === 0 && !isOver(incoming)) {
        // If the body ended before all of it was read, only a further read reports that end.
        incoming.read(0);
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        await promise;
      }
      pass(incoming, controller);
    },
    cancel: () => wake(),
  });
}

function isOver(incoming: IncomingMessage): boolean {
  return incoming.readableEnded || incoming.destroyed;
}

/** Hands over what has come, or the end; a body that stopped short of it is an error. */
function pass(incoming: IncomingMessage, controller: ReadableByteStreamController): void {
  const view = controller.byobRequest?.view;
  const wantedBytes = view?.byteLength ?? BODY_READ_BYTES;
  const chunk: Uint8Array | null = incoming.read(Math.min(wantedBytes, incoming.readableLength));
  if (chunk !== null && chunk.length > 0) {
    if (!view) return controller.enqueue(new Uint8Array(chunk));
    new Uint8Array(view.buffer, view.byteOffset).set(chunk);
    return controller.byobRequest!.respond(chunk.length);
  }
  if (!incoming.readableEnded) return controller.error(new Error("The connection was lost"));
  controller.close();
  controller.byobRequest?.respond(0);
}
