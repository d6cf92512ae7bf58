import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { HEAD_TIMEOUT_MS, HEADERS_MAX } from "../base/defaults.ts";
import { answerFor, type Refusal } from "./openai_errors.ts";

/** An error of the parser of `node:http`, told by its code. */
type ParserError = Error & { readonly code?: string };

/** The Fetch API has no such requests, and nothing here answers one. */
const FORBIDDEN_METHODS = ["CONNECT", "TRACE", "TRACK"];

/** A fault that the parser lets pass and no handler gets to see; `null` if there is none. */
export function faultOf(incoming: IncomingMessage): Refusal | null {
  const { method = "", url: path = "" } = incoming;
  if (FORBIDDEN_METHODS.includes(method)) return { kind: "unknown-path", method, path };
  const ambiguity = ambiguityOf(incoming);
  return ambiguity === null ? null : malformed(ambiguity);
}

/** Input that two programs may read differently. Between a proxy and us it would carry one request inside another. */
function ambiguityOf({ headersDistinct: headers, rawHeaders, httpVersion }: IncomingMessage) {
  if (rawHeaders.length / 2 > HEADERS_MAX) return `It has more than ${HEADERS_MAX} headers`;
  if ((headers.host?.length ?? 0) > 1) return "It names more than one Host";
  const codings = headers["transfer-encoding"]?.join(", ").trim().toLowerCase();
  if (codings === undefined) return null;
  if (codings !== "chunked") return `Of transfer encodings this node knows "chunked" alone`;
  return httpVersion === "1.1" ? null : "HTTP/1.0 has no transfer encodings";
}

function malformed(reason: string): Refusal {
  return { kind: "bad-body", reason: `The request could not be read: ${reason}` };
}

/**
 * Input that the parser refuses never becomes a request: it is answered on the connection itself, which then ends.
 * @param current the answer that the connection has begun, if any: nothing may be written into its middle.
 */
export function refuseMalformed(
  error: ParserError,
  socket: Duplex,
  current: ServerResponse | undefined,
): void {
  // The first line of HTTP/2. A client that begins with it expects no HTTP/1 in return, and tells its user so.
  const isOtherProtocol = error.code === "HPE_PAUSED_H2_UPGRADE";
  if (isOtherProtocol || !socket.writable) return void socket.destroy();
  refuseOn(socket, refusalOf(error), current);
}

/** Answers on the connection itself and ends it. @param current as above */
export function refuseOn(
  socket: Duplex,
  refusal: Refusal,
  current: ServerResponse | undefined,
): void {
  // Of a CONNECT `node:http` gives the connection away: an error would be nobody's, and end the process.
  socket.on("error", () => {});
  const isInTheMiddle = current !== undefined && current.headersSent && !current.writableFinished;
  if (isInTheMiddle) return void socket.destroy();
  const { status, body } = answerFor(refusal);
  const text = JSON.stringify(body);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    "content-type: application/json",
    `content-length: ${new TextEncoder().encode(text).length}`,
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${text}`, () => socket.destroy());
}

function refusalOf({ code }: ParserError): Refusal {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return { kind: "slow-head", limitMs: HEAD_TIMEOUT_MS };
  return malformed(
    code === "HPE_HEADER_OVERFLOW" ? "Its path and headers are too long" : "It is not HTTP/1.1",
  );
}
