import { asError } from "../../base/as_error.ts";
import { followAbort } from "../../base/follow_abort.ts";
import { TunnelError } from "../base/errors.ts";
import {
  copyReplyHeaders,
  type HeaderPairs,
  requestHeaders,
  WITHOUT_BODY,
} from "./http_headers.ts";
import { refuse } from "./inference_paths.ts";
import type { HttpTarget, InferenceRequest } from "../base/types.ts";

/**
 * No connection is used twice: llama-server closes idle ones after 5 s, just as the next request may be on its
 * way. One client for all, since making one takes as long as asking.
 */
const UNPOOLED = Deno.createHttpClient({ poolMaxIdlePerHost: 0, http2: false });

/**
 * Asks this node's own llama-server, by the rules that hold for every caller, near or far: inference
 * paths only, its key in place of the caller's. The request's signal hangs up on llama-server, which frees its
 * slot, until the head has come; from then on, who reads the body has to cancel it (Deno may lose the signal). A
 * request to a llama-server that is frozen is given up, even where its process can't be ended, so that another may be asked.
 * @throws {TunnelError} when llama-server gave no answer, or the signal's reason.
 */
export async function forwardLocal(
  target: HttpTarget,
  request: InferenceRequest,
): Promise<Response> {
  const refused = refuse(request.method, request.path);
  if (refused !== null) return refused;
  const hold = new HoldOn(target, request);
  const init: RequestInit & { client: Deno.HttpClient } = {
    client: UNPOOLED,
    method: request.method,
    headers: headersFor(target, request),
    body: bodyOf(request),
    redirect: "manual",
    signal: hold.signal,
  };
  try {
    const response = await fetch(target.baseUrl + request.path, init);
    const { status } = response;
    const answer = new Response(WITHOUT_BODY.includes(status) ? null : response.body, { status });
    copyReplyHeaders(response.headers, answer.headers);
    hold.headed();
    return answer;
  } catch (error) {
    hold.signal.throwIfAborted();
    throw new TunnelError(`Could not ask llama-server at ${target.baseUrl}: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

/** How long an answer is waited for: until its request ends, or its llama-server is frozen. */
class HoldOn {
  /** The signal that ends the wait for the head. */
  readonly signal: AbortSignal;
  #isHeaded = false;

  constructor({ frozen }: HttpTarget, { signal, lost }: InferenceRequest) {
    this.signal = signal;
    if (frozen === undefined) return;
    const giveUp = new AbortController();
    this.signal = giveUp.signal;
    const onFrozen = () => {
      const reason = new TunnelError(asError(frozen.reason).message, { cause: frozen.reason });
      giveUp.abort(reason);
      if (this.#isHeaded) lost?.(reason);
    };
    if (frozen.aborted) onFrozen();
    else frozen.addEventListener("abort", onFrozen, { once: true, signal });
    followAbort(signal, giveUp);
  }

  headed(): void {
    this.#isHeaded = true;
  }
}

function headersFor(target: HttpTarget, request: InferenceRequest): HeaderPairs {
  const key: HeaderPairs = target.apiKey === null
    ? []
    : [["authorization", `Bearer ${target.apiKey}`]];
  return [...requestHeaders(request.headers), ["accept-encoding", "identity"], ...key];
}

function bodyOf({ method, body }: InferenceRequest): BodyInit | null {
  return method === "GET" || method === "HEAD" ? null : body as BodyInit | null;
}

/** fetch says "fetch failed" and keeps the reason in its cause. */
function reasonOf(error: unknown): string {
  return asError(asError(error).cause ?? error).message;
}
