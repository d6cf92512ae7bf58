/** Why streams and connections end before their time. */

import { asError } from "../../base/as_error.ts";

/** The peer gave the stream up: what it sent is incomplete. */
export class StreamResetByPeerError extends Error {
  override name = "StreamResetByPeerError";
  constructor(options?: ErrorOptions) {
    super("The peer reset the stream", options);
  }
}

/** The peer takes no more bytes on this stream. It may still send. */
export class StreamStoppedByPeerError extends Error {
  override name = "StreamStoppedByPeerError";
  constructor(options?: ErrorOptions) {
    super("The peer takes no more bytes on the stream", options);
  }
}

/** The connection ended under the stream: by the peer, by silence, or by this node. */
export class ConnectionLostError extends Error {
  override name = "ConnectionLostError";
  constructor(readonly reason: string, options?: ErrorOptions) {
    super(`The connection to the peer was lost: ${reason}`, options);
  }
}

/** The peer did not take the stream: it does not speak the protocol, is gone, or gave it up before it said anything. */
export class NotAgreedError extends Error {
  override name = "NotAgreedError";
  constructor(reason: string, options?: ErrorOptions) {
    super(`The peer did not take the stream: ${reason}`, options);
  }
}

/** A limit of this transport was reached. The message says which, and what came of it. */
export class QuicLimitError extends Error {
  override name = "QuicLimitError";
}

/** Another node than the dialled one answered at the address. */
export class WrongPeerError extends Error {
  override name = "WrongPeerError";
  constructor(readonly expected: string, readonly actual: string, address: string) {
    super(`Dialled ${expected} at ${address}, but ${actual} answered`);
  }
}

/** No connection came of a dial. */
export class DialError extends Error {
  override name = "DialError";
}

/** The failure of a stream, by an error of the addon. All have the same code; only the message differs. */
export type StreamFailure = "reset" | "stopped" | "connection lost" | "unknown";

/** An unknown error is an error as well, and never a clean end. */
export function streamFailure(error: unknown): StreamFailure {
  const { message } = asError(error);
  if (message.startsWith("stream reset by peer")) return "reset";
  if (message.startsWith("sending stopped by peer")) return "stopped";
  return message === "connection lost" ? "connection lost" : "unknown";
}
