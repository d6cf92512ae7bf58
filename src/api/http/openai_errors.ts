import { formatBytes } from "../../base/format_bytes.ts";
import { hostname } from "./hosts.ts";
import {
  NAME_CHARS_SHOWN,
  NAMES_IN_MESSAGE,
  RETRY_AFTER_S,
  SIGN_IN_LINK_MS,
} from "../base/defaults.ts";
import type { Obstacle } from "../base/types.ts";

/** How a request's body may be compressed. */
export const CONTENT_CODINGS = ["gzip", "deflate", "br", "zstd"];

/** Why a request gets no answer from a model, or from the node. */
export type Refusal =
  | { readonly kind: "foreign-host"; readonly host: string | null }
  | { readonly kind: "cross-site" }
  | { readonly kind: "key"; readonly given: boolean }
  | { readonly kind: "admin-key"; readonly given: boolean }
  | { readonly kind: "sign-in-link" }
  | { readonly kind: "guesses" }
  | { readonly kind: "unknown-path"; readonly method: string; readonly path: string }
  | { readonly kind: "content-type"; readonly found: string | null }
  | { readonly kind: "content-encoding"; readonly found: string }
  | { readonly kind: "body-too-large"; readonly limitBytes: number }
  | { readonly kind: "slow-body"; readonly idleMs: number }
  | { readonly kind: "slow-head"; readonly limitMs: number }
  | { readonly kind: "bad-body"; readonly reason: string; readonly param?: string | undefined }
  | { readonly kind: "unknown-model"; readonly model: string; readonly warm: readonly string[] }
  | { readonly kind: "ambiguous-model"; readonly model: string; readonly names: readonly string[] }
  | { readonly kind: "not-warm"; readonly model: string | null }
  | { readonly kind: "obstacle"; readonly obstacle: Obstacle }
  | { readonly kind: "unreachable"; readonly model: string }
  | { readonly kind: "overloaded"; readonly model: string | null }
  | { readonly kind: "interrupted"; readonly reason: string }
  | { readonly kind: "crashing"; readonly forMs: number }
  | { readonly kind: "suspect-held"; readonly forMs: number }
  | { readonly kind: "not-allowed"; readonly reason: string }
  | { readonly kind: "not-found"; readonly reason: string }
  | { readonly kind: "unknown-invite"; readonly reason: string }
  | { readonly kind: "conflict"; readonly reason: string }
  | {
    readonly kind: "rate-limit";
    readonly of: "requests" | "tokens";
    readonly perMinute: number;
    readonly retryAfterS: number;
  }
  | { readonly kind: "stopping" }
  | { readonly kind: "internal" };

/** The body that OpenAI's clients read an error from. */
export interface OpenAiError {
  readonly error: {
    readonly message: string;
    /** OpenAI names the limit that is used up. */
    readonly type: "invalid_request_error" | "server_error" | "requests" | "tokens";
    readonly param: string | null;
    readonly code: string;
  };
}

/** Ends a request with an answer that the caller can act on. */
export class RefusedError extends Error {
  override name = "RefusedError";

  constructor(readonly refusal: Refusal, options?: ErrorOptions) {
    super(`Refused: ${refusal.kind}`, options);
  }
}

interface Verdict {
  readonly status: 400 | 401 | 403 | 404 | 408 | 409 | 413 | 415 | 421 | 429 | 500 | 502 | 503;
  readonly code: string;
  readonly message: string;
  readonly param?: string | undefined;
  readonly type?: OpenAiError["error"]["type"];
}

/** The one place that chooses the status and the words of an error, for both ports. */
export function answerFor(refusal: Refusal): { status: Verdict["status"]; body: OpenAiError } {
  const verdict = judge(refusal);
  const { status, code, message, param } = verdict;
  const type = verdict.type ?? (status < 500 ? "invalid_request_error" : "server_error");
  return { status, body: { error: { message, type, param: param ?? null, code } } };
}

function judge(refusal: Refusal): Verdict {
  switch (refusal.kind) {
    case "foreign-host":
      return { status: 421, code: "misdirected_request", message: foreignHost(refusal.host) };
    case "cross-site":
      return {
        status: 403,
        code: "cross_site_request",
        message: "Pages of other sites may not make requests here",
      };
    case "key":
      return {
        status: 401,
        code: "invalid_api_key",
        message: refusal.given
          ? "The key in this request is not the one that this node expects"
          : "This node expects a key: send it as `Authorization: Bearer KEY`",
      };
    case "admin-key":
      return {
        status: 401,
        code: "invalid_api_key",
        message: refusal.given
          ? "The key in this request is not the admin key of this node"
          : "This console is for the user who runs mesh-llm: open the address that `mesh-llm status` " +
            "prints, or send the adminKey of node.json as `Authorization: Bearer KEY`",
      };
    case "sign-in-link":
      return {
        status: 401,
        code: "invalid_sign_in",
        message: "This address has signed somebody in already, or is older than " +
          `${SIGN_IN_LINK_MS / 60_000} minutes: \`mesh-llm status\` prints another`,
      };
    case "guesses":
      return {
        status: 429,
        code: "too_many_attempts",
        message: `Too many wrong keys came from your address: try again in ${RETRY_AFTER_S} s`,
      };
    case "unknown-path":
      return {
        status: 404,
        code: "unknown_url",
        message: `Nothing answers ${refusal.method} ${shorten(refusal.path)}`,
      };
    case "content-type":
      return {
        status: 415,
        code: "unsupported_media_type",
        message: contentType(refusal.found),
      };
    case "content-encoding":
      return {
        status: 415,
        code: "unsupported_encoding",
        message: `The Content-Encoding '${shorten(refusal.found)}' is not understood here: ` +
          `send the body as it is, or by one of ${CONTENT_CODINGS.join(", ")}`,
      };
    case "body-too-large":
      return {
        status: 413,
        code: "request_too_large",
        message: `The request body is larger than ${refusal.limitBytes} bytes, the most allowed`,
      };
    case "slow-body":
      return {
        status: 408,
        code: "request_timeout",
        message: `Nothing of the request body came for ${refusal.idleMs / 1_000} s`,
      };
    case "slow-head":
      return {
        status: 408,
        code: "request_timeout",
        message: `No whole request came within ${refusal.limitMs / 1_000} s`,
      };
    case "bad-body":
      return {
        status: 400,
        code: "invalid_body",
        message: refusal.reason,
        param: refusal.param,
      };
    case "unknown-model":
      return {
        status: 404,
        code: "model_not_found",
        message: unknownModel(refusal.model, refusal.warm),
        param: "model",
      };
    case "ambiguous-model":
      return {
        status: 404,
        code: "model_not_found",
        message: `The model '${shorten(refusal.model)}' may be ${list(refusal.names)}: name one`,
        param: "model",
      };
    case "not-warm":
      return { status: 503, code: "model_not_ready", message: notWarm(refusal.model) };
    case "obstacle":
      return judgeObstacle(refusal.obstacle);
    case "unreachable":
      return {
        status: 503,
        code: "model_unavailable",
        message: `No machine that serves the model '${
          shorten(refusal.model)
        }' can be reached: try again`,
      };
    case "overloaded":
      return {
        status: 429,
        code: "model_overloaded",
        message: `${
          overloaded(refusal.model)
        } as many requests as it takes: try again in ${RETRY_AFTER_S} s`,
      };
    case "interrupted":
      return {
        status: 502,
        code: "answer_interrupted",
        message: `The machine that answered was lost, and its answer is not continued: ${
          shorten(refusal.reason)
        }`,
      };
    case "crashing":
      return {
        status: 400,
        code: "request_crashes_model",
        message: "llama-server crashed twice while it read this request, which is refused for " +
          `${refusal.forMs / 60_000} minutes: change the request`,
      };
    case "suspect-held":
      return {
        status: 503,
        code: "request_held_too_long",
        message: `This request waited ${refusal.forMs / 1_000} s for others that were there too ` +
          "when llama-server crashed, and that are asked one at a time: try again",
      };
    case "not-allowed":
      return { status: 403, code: "not_allowed", message: refusal.reason };
    case "not-found":
      return { status: 404, code: "model_not_found", message: refusal.reason };
    case "unknown-invite":
      return { status: 404, code: "invite_not_found", message: refusal.reason };
    case "conflict":
      return { status: 409, code: "conflict", message: refusal.reason };
    case "rate-limit":
      return {
        status: 429,
        type: refusal.of,
        code: "rate_limit_exceeded",
        message: `This key may use ${refusal.perMinute} ${refusal.of} a minute: ` +
          `try again in ${refusal.retryAfterS} s`,
      };
    case "stopping":
      return { status: 503, code: "node_stopping", message: "This node is being stopped" };
    case "internal":
      return {
        status: 500,
        code: "internal_error",
        message: "The node failed to answer this request: its log says why",
      };
  }
}

/** A model that somebody has taken away is not there; one that can't be served now is another matter. */
function judgeObstacle(obstacle: Obstacle): Verdict {
  const { kind } = obstacle;
  const model = `The model '${shorten(obstacle.model)}'`;
  switch (kind) {
    case "failed":
      return {
        status: 503,
        code: "model_failed",
        message: `${model} can't be loaded ${obstacle.reason}. It is tried again from time to ` +
          "time, and at once when its file changes or its machine is started anew",
      };
    case "waiting":
      return { status: 503, code: "model_waiting", message: `${model} ${lacking(obstacle)}` };
    case "downloading":
      return {
        status: 503,
        code: "model_downloading",
        message: `${model} is being downloaded by ${obstacle.by}: try again once it is there`,
      };
    case "dropped":
      return {
        status: 404,
        code: "model_dropped",
        message: `${model} is served no longer: it was dropped on ${list(obstacle.by)}, ` +
          "where `mesh-llm drop MODEL --undo` or the console serves it again",
        param: "model",
      };
    case "unclaimed":
      return {
        status: 503,
        code: "model_unserved",
        message: `${model} is wanted, and no machine that is here can serve it now`,
      };
  }
}

function lacking(
  { needBytes, haveBytes }: { readonly needBytes: number; readonly haveBytes: number },
): string {
  const [need, have] = [needBytes, haveBytes].map(formatBytes);
  return `waits for memory: it needs ${need}, and the machines that could share it have ${have}. ` +
    "Add a machine, or choose a smaller model";
}

function foreignHost(host: string | null): string {
  if (host === null) {
    return "The request names no Host, and this node answers to its own names only";
  }
  const name = hostname(host);
  const remedy = name === null
    ? ""
    : `: start it with --host-name ${shorten(name)}, or send a key of it`;
  return `This node does not answer to the Host '${shorten(host)}'${remedy}`;
}

function contentType(found: string | null): string {
  const what = found === null
    ? "The request has no Content-Type"
    : `The Content-Type '${shorten(found)}' is not understood here`;
  return `${what}: send application/json`;
}

function unknownModel(model: string, warm: readonly string[]): string {
  const named = `The model '${shorten(model)}' is not served in this mesh`;
  if (warm.length === 0) return `${named}, and no other model is ready`;
  return `${named}: ready now: ${list(warm)}`;
}

function list(names: readonly string[]): string {
  const more = names.length > NAMES_IN_MESSAGE
    ? ` and ${names.length - NAMES_IN_MESSAGE} more`
    : "";
  return names.slice(0, NAMES_IN_MESSAGE).join(", ") + more;
}

function notWarm(model: string | null): string {
  return model === null
    ? "No model is ready in this mesh: try again once one is loaded"
    : `The model '${shorten(model)}' is not ready yet: try again in a moment`;
}

function overloaded(model: string | null): string {
  return model === null
    ? "This machine has"
    : `Every machine that serves the model '${shorten(model)}' has`;
}

function shorten(text: string): string {
  return text.length <= NAME_CHARS_SHOWN ? text : `${text.slice(0, NAME_CHARS_SHOWN)}…`;
}
