/** Questions to the API for programs, of the node on this machine or of an address that the user names. */

import { EventSourceParserStream } from "eventsource-parser/stream";
import type { Status } from "../../api/mod.ts";
import { asError } from "../../base/as_error.ts";
import { findRunningNode, NodeAnswerError } from "./running_node.ts";

export interface ChatMessage {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

export interface ChatPlace {
  readonly dataDir: string;
  /** An API elsewhere; `null` for the node on the data directory. */
  readonly apiUrl: string | null;
  readonly apiKey: string | undefined;
}

/** A piece of an answer. */
export interface ChatPiece {
  readonly kind: "text" | "reasoning";
  readonly text: string;
}

/** Found anew for each question: a node that was started again may listen elsewhere. */
async function urlOf({ dataDir, apiUrl }: ChatPlace, path: string): Promise<string> {
  const base = apiUrl ?? (await findRunningNode(dataDir)).api;
  return `${base.replace(/\/+$/, "").replace(/\/v1$/, "")}/v1/${path}`;
}

/** The ids of the models that can be asked for. @throws {NodeNotRunningError | NodeAnswerError} */
export async function askModels(place: ChatPlace, signal: AbortSignal): Promise<string[]> {
  const response = await send(place, "models", { signal });
  const body = await response.json().catch(() => null) as { data?: unknown } | null;
  if (!Array.isArray(body?.data)) throw new NodeAnswerError(`${response.url} lists no models`);
  return body.data.map(({ id }) => String(id));
}

export interface Question {
  /** `null` leaves it to the node. */
  readonly model: string | null;
  readonly messages: readonly ChatMessage[];
}

/** The answer, as it comes. @throws {NodeNotRunningError | NodeAnswerError} in the node's own words */
export async function* askChat(
  place: ChatPlace,
  { model, messages }: Question,
  signal: AbortSignal,
): AsyncGenerator<ChatPiece> {
  const body = JSON.stringify({ ...(model === null ? {} : { model }), messages, stream: true });
  const response = await send(place, "chat/completions", { signal, method: "POST", body });
  const events = response.body!.pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream());
  try {
    for await (const { data } of events) {
      if (data === "[DONE]") return;
      yield* piecesOf(data);
    }
  } catch (error) {
    if (signal.aborted || error instanceof NodeAnswerError) throw error;
    throw new NodeAnswerError(`${BROKE_OFF}: ${asError(error).message}`, { cause: error });
  }
  throw new NodeAnswerError(BROKE_OFF);
}

const BROKE_OFF = "The answer broke off";

function* piecesOf(data: string): Generator<ChatPiece> {
  const { error, choices } = JSON.parse(data);
  if (error) throw new NodeAnswerError(String(error.message ?? BROKE_OFF));
  const { content, reasoning_content: reasoning } = choices?.[0]?.delta ?? {};
  if (reasoning) yield { kind: "reasoning", text: String(reasoning) };
  if (content) yield { kind: "text", text: String(content) };
}

async function send(place: ChatPlace, path: string, init: RequestInit): Promise<Response> {
  const url = await urlOf(place, path);
  const { apiKey } = place;
  const headers = {
    "content-type": "application/json",
    ...(apiKey ? { authorization: `Bearer ${apiKey}` } : {}),
  };
  const response = await fetch(url, { ...init, headers }).catch((error) => {
    if (init.signal?.aborted && asError(error).name !== "TimeoutError") throw error;
    throw new NodeAnswerError(`Cannot reach ${url}: ${asError(error).message}`, { cause: error });
  });
  if (response.ok) return response;
  const body = await response.json().catch(() => null);
  const message = body?.error?.message;
  if (response.status === 401) {
    throw new NodeAnswerError(
      `${message ?? "The API asks for a key"} (mesh-llm chat takes it from MESH_LLM_API_KEY)`,
    );
  }
  throw new NodeAnswerError(
    typeof message === "string" ? message : `${url} answered ${response.status}`,
  );
}

/** How far the model is loaded that a question waits for; `null` where it waits for nothing that is known here. */
export async function loadingOf(
  { dataDir, apiUrl }: ChatPlace,
  model: string | null,
): Promise<{ readonly model: string; readonly fraction: number | null } | null> {
  if (apiUrl !== null) return null;
  const node = await findRunningNode(dataDir).catch(() => null);
  const status = await node?.get("/api/status").catch(() => null) as Status | null | undefined;
  const wanted = model ?? status?.node.model;
  const found = status?.models.find(({ id, name }) => id === wanted || name === wanted);
  if (found?.state !== "loading") return null;
  return { model: found.id, fraction: found.instances[0]?.progress ?? null };
}
