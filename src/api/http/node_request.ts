import type { IncomingMessage } from "node:http";
import { type Body, IncomingBody } from "./incoming_body.ts";

export interface RequestParts {
  /** Aborts when the caller hangs up before its answer has ended. */
  readonly signal: AbortSignal;
  /** Called once, before the first byte of the body is read. */
  readonly wanted: () => void;
}

/** Stands in a URL for a `Host` that is none; the header itself is what a port judges. */
const NO_HOST = "localhost";

/** A request of `node:http`, as Hono's handlers take it. @throws {TypeError} for headers that are none */
export function requestOf(incoming: IncomingMessage, parts: RequestParts): Request {
  return new NodeRequest(incoming, parts) as Pick<
    Request,
    Exclude<keyof NodeRequest, "incoming">
  > as Request;
}

/** The body as its reader gets it the soonest: as a stream it takes some 0.1 ms longer. */
export function bodyOf(request: Request): Body {
  return request instanceof NodeRequest ? request.incoming : request.body;
}

/** For those who make another request of it: `Request` takes nothing that only looks like one. */
export function wholeRequest(request: Request): Request {
  if (request instanceof Request) return request;
  const { url, method, headers, signal, body } = request as Request;
  return new Request(url, { method, headers, signal, body });
}

/**
 * The parts of a `Request` that handlers use. To make a whole one, which checks and copies what the parser has checked
 * already, takes as long as all else that is done for a request before its body is read.
 */
class NodeRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly signal: AbortSignal;
  /** Read either by this or as `body`. */
  readonly incoming: IncomingBody | null;
  #body: ReadableStream<Uint8Array<ArrayBuffer>> | undefined;
  #read: Response | undefined;

  constructor(incoming: IncomingMessage, { signal, wanted }: RequestParts) {
    this.method = incoming.method ?? "GET";
    this.url = urlOf(incoming);
    this.headers = headersOf(incoming);
    this.signal = signal;
    const hasBody = this.method !== "GET" && this.method !== "HEAD";
    this.incoming = hasBody ? new IncomingBody(incoming, wanted) : null;
  }

  get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    if (this.incoming === null) return null;
    return this.#body ??= this.incoming.stream();
  }

  get bodyUsed(): boolean {
    return this.#reading.bodyUsed;
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#reading.arrayBuffer();
  }

  blob(): Promise<Blob> {
    return this.#reading.blob();
  }

  bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#reading.bytes();
  }

  formData(): Promise<FormData> {
    return this.#reading.formData();
  }

  // deno-lint-ignore no-explicit-any -- as `Request` has it
  json(): Promise<any> {
    return this.#reading.json();
  }

  text(): Promise<string> {
    return this.#reading.text();
  }

  /** A `Response` reads a body as a `Request` does. */
  get #reading(): Response {
    return this.#read ??= new Response(this.body, { headers: this.headers });
  }
}

/** The target as it was sent: a whole URL names its own host, whatever the header says. */
function urlOf({ url = "/", headers }: IncomingMessage): string {
  if (/^https?:\/\//i.test(url)) return URL.parse(url)?.href ?? `http://${NO_HOST}/`;
  const path = url.startsWith("/") ? url : `/${url}`;
  const named = URL.parse(`http://${headers.host ?? NO_HOST}${path}`);
  return (named ?? new URL(`http://${NO_HOST}${path}`)).href;
}

function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers();
  for (let n = 0; n + 1 < rawHeaders.length; n += 2) {
    headers.append(rawHeaders[n]!, rawHeaders[n + 1]!);
  }
  return headers;
}
