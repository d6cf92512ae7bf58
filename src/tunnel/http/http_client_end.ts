import { asError } from "../../base/as_error.ts";
import { SourceStream } from "../../base/body_source.ts";
import { Deadline } from "../../base/deadline.ts";
import { OPEN_STREAM_TIMEOUT_MS } from "../base/defaults.ts";
import {
  CrashedError,
  FrameError,
  MovedError,
  TunnelError,
  UnreachableError,
} from "../base/errors.ts";
import { HttpFrameReader } from "./http_frame_reader.ts";
import {
  encodeHttpFrame,
  type HttpFrame,
  type ReplyHead,
  type RequestHead,
} from "./http_frames.ts";
import { addPairs, requestHeaders, WITHOUT_BODY } from "./http_headers.ts";
import { writeQuestion } from "./http_writer.ts";
import { refuse } from "./inference_paths.ts";
import { finish, resetOnAbort } from "../base/peer_stream.ts";
import type { OpenStream, PeerStream, TunnelRequest } from "../base/types.ts";

/**
 * Asks the peer's instance. The answer's body comes as fast as it is read; an answer that breaks off
 * makes it fail and never end early. Cancelling the body, or the request's signal, resets the stream,
 * and the peer hangs up on its llama-server.
 * @throws {MovedError} when the peer no longer serves the model.
 * @throws {TunnelError} when the peer can't be reached or could not ask, or the signal's reason.
 */
export async function forwardHttp(
  open: OpenStream,
  peer: string,
  request: TunnelRequest,
): Promise<Response> {
  const refused = refuse(request.method, request.path);
  if (refused !== null) return refused;
  const [stream, opening] = await openAndEncode(open, peer, request);
  return await new Exchange(stream, opening, peer, request).reply();
}

/**
 * Encodes the opening while the addon opens the stream: each takes 0.1 ms. If it can't be encoded the stream is given
 * back.
 */
async function openAndEncode(
  open: OpenStream,
  peer: string,
  request: TunnelRequest,
): Promise<[PeerStream, Uint8Array]> {
  const stream = openStream(open, peer, request);
  try {
    const opening = encodeOpening(request);
    return [await stream, opening];
  } catch (error) {
    stream.then((opened) => opened.reset(asError(error)), () => undefined);
    throw error;
  }
}

function encodeOpening(request: TunnelRequest): Uint8Array {
  const { model, requestId, method, path } = request;
  return encodeHttpFrame({
    type: "request",
    head: {
      model: model.name,
      fingerprint: model.fingerprint,
      requestId,
      grant: grantOf(request),
      method,
      path,
      headers: requestHeaders(request.headers),
    },
  });
}

function grantOf({ grant }: TunnelRequest): RequestHead["grant"] {
  if (grant === undefined) return null;
  return { ...grant, models: grant.models === null ? null : [...grant.models] };
}

async function openStream(
  open: OpenStream,
  peer: string,
  { signal, openMs }: TunnelRequest,
): Promise<PeerStream> {
  signal.throwIfAborted();
  using deadline = openDeadline(openMs, signal);
  try {
    return await open(peer, deadline.signal);
  } catch (error) {
    signal.throwIfAborted();
    throw unreachable(peer, error);
  }
}

function unreachable(peer: string, cause: unknown): UnreachableError {
  return new UnreachableError(`Could not reach ${peer}: ${asError(cause).message}`, { cause });
}

function openDeadline(openMs = OPEN_STREAM_TIMEOUT_MS, signal?: AbortSignal): Deadline {
  const limitMs = Math.min(openMs, OPEN_STREAM_TIMEOUT_MS);
  return new Deadline(limitMs, `it was silent for ${(limitMs / 1_000).toFixed(1)} s`, signal);
}

/** One request and its answer on one stream. */
class Exchange {
  readonly #stream: PeerStream;
  readonly #peer: string;
  readonly #request: TunnelRequest;
  readonly #frames: HttpFrameReader;
  readonly #aborting: Disposable;
  /** Ends when nothing is written any more. Never rejects: what broke the stream is what the reader meets. */
  readonly #sending: Promise<void>;
  #sent = false;

  constructor(stream: PeerStream, opening: Uint8Array, peer: string, request: TunnelRequest) {
    this.#stream = stream;
    this.#peer = peer;
    this.#request = request;
    this.#frames = new HttpFrameReader(stream);
    this.#aborting = resetOnAbort(stream, request.signal);
    this.#sending = this.#send(opening).catch(() => undefined);
  }

  async reply(): Promise<Response> {
    try {
      const frame = await this.#first();
      switch (frame.type) {
        case "reply":
          return await this.#response(frame.head);
        case "moved":
          throw new MovedError(this.#peer, this.#request.model.name);
        case "failed":
          throw failureOf(this.#peer, frame);
        default:
          throw new FrameError(`An answer can not begin with "${frame.type}"`);
      }
    } catch (error) {
      throw await this.#fail(error);
    }
  }

  /** A peer that is gone does not even take the stream; one that has taken it may think for as long as it likes. */
  async #first(): Promise<HttpFrame> {
    const frame = this.#frames.expect();
    await this.#taken(frame);
    this.#request.connected?.();
    return await frame;
  }

  async #taken(frame: Promise<HttpFrame>): Promise<void> {
    using deadline = openDeadline(this.#request.openMs);
    using _resetting = resetOnAbort(this.#stream, deadline.signal);
    try {
      await Promise.race([this.#stream.taken, frame]);
    } catch (error) {
      if (!deadline.signal.aborted) throw error;
      throw unreachable(this.#peer, deadline.signal.reason);
    }
  }

  async #send(opening: Uint8Array): Promise<void> {
    await writeQuestion(this.#stream, opening, this.#request.body ?? new Uint8Array(0));
    // No half-close yet: a cancellation would not reach the peer after it (measured with libp2p-quic 2.1.1).
    this.#sent = true;
  }

  async #response({ status, headers }: ReplyHead): Promise<Response> {
    if (WITHOUT_BODY.includes(status)) {
      const bytes = await this.#nextBytes();
      if (bytes !== null) throw new FrameError(`An answer of status ${status} can not have a body`);
      return withHeaders(new Response(null, { status }), headers);
    }
    const body = new SourceStream({
      read: () => this.#read(),
      cancel: (reason) => void this.#fail(reason),
    });
    return withHeaders(new Response(body, { status }), headers);
  }

  async #read(): Promise<Uint8Array | null> {
    try {
      return await this.#nextBytes();
    } catch (error) {
      throw await this.#fail(error);
    }
  }

  /** `null` at the end of the answer; the stream is closed then. */
  async #nextBytes(): Promise<Uint8Array | null> {
    const frame = await this.#frames.expect();
    if (frame.type === "body") return frame.bytes;
    if (frame.type === "moved") throw new MovedError(this.#peer, this.#request.model.name);
    if (frame.type !== "end") throw new FrameError(`"${frame.type}" came inside an answer's body`);
    await this.#finish();
    return null;
  }

  /** The answer is whole: whatever becomes of the stream now is no error. */
  async #finish(): Promise<void> {
    this.#aborting[Symbol.dispose]();
    try {
      // An answer may come before the whole question was asked; the rest of it is given up.
      if (this.#sent && await finish(this.#stream, () => this.#frames.next()) === null) return;
    } catch {
      // Reset below.
    }
    this.#stream.reset(new TunnelError("The answer is whole, nothing more is wanted"));
  }

  async #fail(error: unknown): Promise<unknown> {
    this.#aborting[Symbol.dispose]();
    this.#stream.reset(asError(error));
    await this.#sending;
    if (this.#request.signal.aborted) return this.#request.signal.reason;
    if (error instanceof MovedError || error instanceof TunnelError) return error;
    const message = `The answer of ${this.#peer} broke off: ${asError(error).message}`;
    return new TunnelError(message, { cause: error });
  }
}

function failureOf(
  peer: string,
  { message, crashed }: Extract<HttpFrame, { type: "failed" }>,
): TunnelError {
  const sentence = `${peer} could not answer: ${message}`;
  return crashed ? new CrashedError(sentence) : new TunnelError(sentence);
}

function withHeaders(response: Response, headers: ReplyHead["headers"]): Response {
  addPairs(response.headers, headers);
  return response;
}
