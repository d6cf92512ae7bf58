import { asError } from "../../base/as_error.ts";
import type { Logger } from "@logtape/logtape";
import { Deadline } from "../../base/deadline.ts";
import { ReaderPace } from "../../base/reader_pace.ts";
import { OPENING_TIMEOUT_MS } from "../base/defaults.ts";
import { CrashedError, FrameError } from "../base/errors.ts";
import { HttpCaller } from "./http_caller.ts";
import { HttpFrameReader } from "./http_frame_reader.ts";
import { encodeHttpFrame, type RequestHead } from "./http_frames.ts";
import { addPairs } from "./http_headers.ts";
import { writeReply } from "./http_writer.ts";
import { forwardLocal } from "./local_http.ts";
import { finish, resetOnAbort } from "../base/peer_stream.ts";
import type { FindTarget, GrantGate, HttpTarget, PeerStream } from "../base/types.ts";

export interface HttpServerOptions {
  readonly find: FindTarget;
  readonly grants: GrantGate;
  /** Asks the llama-server that was found. @default {forwardLocal} */
  readonly ask?: typeof forwardLocal;
  /** This node has ended the model's llama-server because it serves something else now. @default {() => false} */
  readonly isRetired?: (model: { readonly name: string; readonly fingerprint: string }) => boolean;
  readonly logger: Logger;
}

const MOVED = encodeHttpFrame({ type: "moved" });

/**
 * Answers one request of a peer from this node's llama-server. When the peer goes away, so does the
 * connection to llama-server, which then frees its slot. Never rejects; the stream is closed or reset
 * when it resolves.
 */
export async function handleHttp(
  stream: PeerStream,
  peer: string,
  { find, grants, ask = forwardLocal, isRetired = () => false, logger }: HttpServerOptions,
): Promise<void> {
  const frames = new HttpFrameReader(stream);
  try {
    const head = await readOpening(stream, frames);
    const caller = new HttpCaller(frames);
    const model = { name: head.model, fingerprint: head.fingerprint };
    const target = find(model);
    if (target === null) await stream.write(MOVED);
    else {
      const isGone = () => isRetired(model);
      const parts = { target, grants, ask, isRetired: isGone };
      await answerGranted(stream, caller, head, parts).catch(async (error) => {
        if (caller.gone.aborted || !isGone()) throw error;
        await stream.write(MOVED);
      });
    }
    caller.discardBody();
    await finish(stream, () => caller.left);
  } catch (error) {
    const reason = asError(error);
    stream.reset(reason);
    logger.debug("An HTTP stream of {peer} ended early: {reason}", {
      peer,
      reason: reason.message,
    });
  }
}

async function readOpening(stream: PeerStream, frames: HttpFrameReader): Promise<RequestHead> {
  using deadline = new Deadline(OPENING_TIMEOUT_MS, "The peer opened a stream and asked nothing");
  using _resetting = resetOnAbort(stream, deadline.signal);
  const frame = await frames.expect();
  if (frame.type === "request") return frame.head;
  throw new FrameError(`Could not read a request: it began with "${frame.type}"`);
}

interface AnswerParts {
  readonly target: HttpTarget;
  readonly ask: typeof forwardLocal;
  readonly isRetired: () => boolean;
}

/** Counts the answer where the caller's key has limits. */
async function answerGranted(
  stream: PeerStream,
  caller: HttpCaller,
  head: RequestHead,
  { grants, ...parts }: AnswerParts & { readonly grants: GrantGate },
): Promise<void> {
  if (head.grant === null) return await answer(stream, caller, head, parts);
  const admission = grants.admit(head.grant, { name: head.model, fingerprint: head.fingerprint });
  if (admission.refused !== null) return await writeReply(stream, admission.refused);
  try {
    await answer(stream, caller, head, { ...parts, passed: (bytes) => admission.passed(bytes) });
  } finally {
    admission.ended();
  }
}

async function answer(
  stream: PeerStream,
  caller: HttpCaller,
  { method, path, headers, grant }: RequestHead,
  { target, ask, isRetired, passed }: AnswerParts & {
    readonly passed?: (bytes: Uint8Array) => void;
  },
): Promise<void> {
  let response: Response;
  const pace = new ReaderPace();
  const asked = new Headers();
  addPairs(asked, headers);
  try {
    response = await ask(target, {
      method,
      path,
      headers: asked,
      body: caller.body,
      signal: caller.gone,
      caller: grant?.key ?? "",
      lost: (reason) => stream.reset(reason),
      heldMs: () => pace.heldMs,
    });
  } catch (error) {
    caller.gone.throwIfAborted();
    if (isRetired()) throw error;
    const crashed = error instanceof CrashedError;
    await stream.write(
      encodeHttpFrame({ type: "failed", message: asError(error).message, crashed }),
    );
    return;
  }
  await writeReply(stream, response, { passed, gone: caller.gone, pace });
}
