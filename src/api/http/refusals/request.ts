/** Refusals of requests: how they came, and what they ask of the node. */

import { shorten, type Verdicts } from "./verdict.ts";

/** How a request's body may be compressed. */
export const CONTENT_CODINGS = ["gzip", "deflate", "br", "zstd"];

export type RequestRefusal =
  | { readonly kind: "unknown-path"; readonly method: string; readonly path: string }
  | { readonly kind: "content-type"; readonly found: string | null }
  | { readonly kind: "content-encoding"; readonly found: string }
  | { readonly kind: "body-too-large"; readonly limitBytes: number }
  | { readonly kind: "slow-body"; readonly idleMs: number }
  | { readonly kind: "slow-head"; readonly limitMs: number }
  | { readonly kind: "bad-body"; readonly reason: string; readonly param?: string | undefined }
  | { readonly kind: "not-allowed"; readonly reason: string }
  | { readonly kind: "not-found"; readonly reason: string }
  | { readonly kind: "unknown-invite"; readonly reason: string }
  | { readonly kind: "unknown-machine"; readonly reason: string }
  | { readonly kind: "unknown-key"; readonly reason: string }
  | { readonly kind: "conflict"; readonly reason: string }
  | { readonly kind: "settings-changed"; readonly reason: string }
  | { readonly kind: "stopping" }
  | { readonly kind: "internal" };

export const REQUEST_VERDICTS: Verdicts<RequestRefusal> = {
  "unknown-path": ({ method, path }) => ({
    status: 404,
    code: "unknown_url",
    message: `Nothing answers ${method} ${shorten(path)}`,
  }),
  "content-type": ({ found }) => ({
    status: 415,
    code: "unsupported_media_type",
    message: contentType(found),
  }),
  "content-encoding": ({ found }) => ({
    status: 415,
    code: "unsupported_encoding",
    message: `The Content-Encoding '${shorten(found)}' is not understood here: ` +
      `send the body as it is, or by one of ${CONTENT_CODINGS.join(", ")}`,
    headers: { "accept-encoding": CONTENT_CODINGS.join(", ") },
  }),
  "body-too-large": ({ limitBytes }) => ({
    status: 413,
    code: "request_too_large",
    message: `The request body is larger than ${limitBytes} bytes, the most allowed`,
  }),
  "slow-body": ({ idleMs }) => ({
    status: 408,
    code: "request_timeout",
    message: `Nothing of the request body came for ${idleMs / 1_000} s`,
  }),
  "slow-head": ({ limitMs }) => ({
    status: 408,
    code: "request_timeout",
    message: `No whole request came within ${limitMs / 1_000} s`,
  }),
  "bad-body": ({ reason, param }) => ({
    status: 400,
    code: "invalid_body",
    message: reason,
    param,
  }),
  "not-allowed": ({ reason }) => ({ status: 403, code: "not_allowed", message: reason }),
  "not-found": ({ reason }) => ({ status: 404, code: "model_not_found", message: reason }),
  "unknown-invite": ({ reason }) => ({ status: 404, code: "invite_not_found", message: reason }),
  "unknown-machine": ({ reason }) => ({
    status: 404,
    code: "machine_not_found",
    message: reason,
  }),
  "unknown-key": ({ reason }) => ({ status: 404, code: "key_not_found", message: reason }),
  "conflict": ({ reason }) => ({ status: 409, code: "conflict", message: reason }),
  "settings-changed": ({ reason }) => ({
    status: 409,
    code: "settings_changed",
    message: reason,
  }),
  "stopping": () => ({ status: 503, code: "node_stopping", message: "This node is being stopped" }),
  "internal": () => ({
    status: 500,
    code: "internal_error",
    message: "The node failed to answer this request: its log says why",
  }),
};

function contentType(found: string | null): string {
  const what = found === null
    ? "The request has no Content-Type"
    : `The Content-Type '${shorten(found)}' is not understood here`;
  return `${what}: send application/json`;
}
