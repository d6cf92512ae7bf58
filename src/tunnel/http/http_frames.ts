import { z } from "zod";
import {
  MAX_BODY_FRAME_BYTES,
  MAX_GRANTED_MODELS,
  MAX_HEAD_FRAME_BYTES,
  MAX_HEADERS,
  MAX_PATH_CHARS,
} from "../base/defaults.ts";
import { FrameError } from "../base/errors.ts";
import { encodeFrame, type Frame, FrameDecoder } from "../base/frame_codec.ts";
import { modelFields, modelName } from "../base/model_fields.ts";

// Names and values are checked here, so that `new Headers` never throws on what a peer sent.
const header = z.tuple([
  z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/),
  z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/),
]);
const headers = z.array(header).max(MAX_HEADERS);

const perMinute = z.int().positive().nullable();

const grant = z.object({
  key: z.string().regex(/^[\w.@-]{1,64}$/),
  models: z.array(modelName).max(MAX_GRANTED_MODELS).nullable(),
  requestsPerMinute: perMinute,
  tokensPerMinute: perMinute,
});

const requestHead = z.object({
  ...modelFields,
  requestId: z.string().regex(/^[\x21-\x7e]{1,128}$/),
  /** The limits of the caller's API key; `null` if it needed none. */
  grant: grant.nullable(),
  method: z.string().regex(/^[A-Z]{1,16}$/),
  path: z.string().max(MAX_PATH_CHARS).regex(/^\/[\x21-\x7e]*$/),
  headers,
});

const replyHead = z.object({ status: z.int().min(200).max(599), headers });

const failure = z.object({
  message: z.string().max(1_000),
  /** llama-server crashed while it had the request. Nodes of an earlier version do not say it. */
  crashed: z.boolean().default(false),
});

export type RequestHead = z.infer<typeof requestHead>;
export type ReplyHead = z.infer<typeof replyHead>;

/**
 * The messages of `/mesh-llm/http/1`. Asking: request, body frames, end. Answering: reply, body frames, end; or moved,
 * also in place of the rest of a body; or failed, if nothing could be asked. A stream that closes without one of those
 * endings was cut off.
 */
export type HttpFrame =
  | { readonly type: "request"; readonly head: RequestHead }
  | { readonly type: "reply"; readonly head: ReplyHead }
  | { readonly type: "body"; readonly bytes: Uint8Array }
  | { readonly type: "end" }
  | { readonly type: "moved" }
  | { readonly type: "failed"; readonly message: string; readonly crashed: boolean };

const REQUEST = 1;
const REPLY = 2;
const BODY = 3;
const END = 4;
const MOVED = 5;
const FAILED = 6;

/** A later version may send further frames, and say more in those that are empty now. */
const LIMITS: ReadonlyMap<number, number> = new Map([[BODY, MAX_BODY_FRAME_BYTES]]);

const EMPTY = new Uint8Array(0);

/** @throws {FrameError} where the other end would refuse the frame: headers too large, for example. */
export function encodeHttpFrame(frame: HttpFrame): Uint8Array {
  switch (frame.type) {
    case "request":
      return encodeHead(REQUEST, requestHead, frame.head);
    case "reply":
      return encodeHead(REPLY, replyHead, frame.head);
    case "body":
      return encodeFrame(BODY, frame.bytes);
    case "end":
      return encodeFrame(END, EMPTY);
    case "moved":
      return encodeFrame(MOVED, EMPTY);
    case "failed":
      return encodeHead(FAILED, failure, {
        message: frame.message.slice(0, 1_000),
        crashed: frame.crashed,
      });
  }
}

/** Bytes in any cut become the same frames. Throws nothing but {@linkcode FrameError}. */
export class HttpFrameDecoder {
  readonly #frames = new FrameDecoder(LIMITS, { otherLimit: MAX_HEAD_FRAME_BYTES });

  push(bytes: Uint8Array): void {
    this.#frames.push(bytes);
  }

  /** @throws {FrameError} on bytes that are no frame of this protocol. */
  next(): HttpFrame | undefined {
    for (;;) {
      const frame = this.#frames.next();
      if (frame === undefined) return undefined;
      const decoded = decodeFrame(frame);
      if (decoded !== undefined) return decoded;
    }
  }
}

/** `undefined` for a frame that only a later version knows. */
function decodeFrame({ type, payload }: Frame): HttpFrame | undefined {
  switch (type) {
    case REQUEST:
      return { type: "request", head: decodeHead(requestHead, payload) };
    case REPLY:
      return { type: "reply", head: decodeHead(replyHead, payload) };
    case BODY:
      return { type: "body", bytes: payload };
    case END:
      return { type: "end" };
    case MOVED:
      return { type: "moved" };
    case FAILED:
      return { type: "failed", ...decodeHead(failure, payload) };
    default:
      return undefined;
  }
}

function encodeHead<T>(type: number, schema: z.ZodType<T>, head: T): Uint8Array {
  const payload = new TextEncoder().encode(JSON.stringify(parseHead(schema, head)));
  if (payload.length > MAX_HEAD_FRAME_BYTES) {
    throw new FrameError(
      `Could not send the headers: ${payload.length} bytes, ${MAX_HEAD_FRAME_BYTES} are allowed`,
    );
  }
  return encodeFrame(type, payload);
}

function decodeHead<T>(schema: z.ZodType<T>, payload: Uint8Array): T {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
  } catch (error) {
    throw new FrameError("Could not read a frame: its head is not JSON", { cause: error });
  }
  return parseHead(schema, json);
}

function parseHead<T>(schema: z.ZodType<T>, head: unknown): T {
  const parsed = schema.safeParse(head);
  if (parsed.success) return parsed.data;
  const at = parsed.error.issues[0];
  throw new FrameError(
    `Could not accept the head of a request or reply: ${at?.path.join(".")} ${at?.message}`,
  );
}
