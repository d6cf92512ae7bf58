/** Everything that the page asks of its node. Same origin only; the types are the node's own. */

import { hc } from "hono/client";
import type {
  CatalogEntry,
  EngineLog,
  InviteStatus,
  LogLine,
  MachineRemoval,
  PairingView,
  RequestRecord,
  SettingsView,
} from "../../../src/api/base/types.ts";
import type { ManagementApi } from "../../../src/api/management/management.ts";
import { ApiError } from "./api_error.ts";
import type { ModelAction } from "./catalog_view.ts";
import { type ChatChunk, errorMessage, parseChatChunk } from "./chat_chunk.ts";
import type { ChatMessage } from "./conversation.ts";
import { SseDecoder } from "./sse.ts";

export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly temperature?: number;
  readonly top_p?: number;
  readonly max_tokens?: number;
}

export interface AskOptions {
  readonly apiKey: string | null;
  readonly signal: AbortSignal;
}

/** A streamed answer: who gives it, and its chunks in the groups in which they arrive. */
export interface ChatReply {
  readonly host: string | null;
  readonly requestId: string | null;
  readonly chunks: AsyncIterable<ChatChunk[]>;
}

const management = hc<ManagementApi>("/", { fetch: request }).api;

/** `fetch` that throws on every answer that is not a success. @throws {ApiError} */
async function request(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(input, init);
  } catch (error) {
    init?.signal?.throwIfAborted();
    throw new ApiError("The node does not answer", null, { cause: error });
  }
  if (response.ok) return response;
  const body: unknown = await response.json().catch(() => null);
  const message = errorMessage(body) ?? `The node answered with status ${response.status}`;
  throw new ApiError(message, response.status, { body });
}

export function openEvents(): EventSource {
  return new EventSource("/api/events");
}

/** Asks for the status and throws it away. @throws {ApiError} that says why the node does not give it. */
export async function probeNode(signal: AbortSignal): Promise<void> {
  const response = await management.status.$get(undefined, { init: { signal } });
  await response.body?.cancel();
}

/** Every model that the node knows of. @throws {ApiError} */
export async function fetchCatalog(signal: AbortSignal): Promise<CatalogEntry[]> {
  return await (await management.catalog.$get(undefined, { init: { signal } })).json();
}

const ACTIONS: Record<ModelAction, (param: { name: string }) => Promise<unknown>> = {
  serve: (param) => management.models[":name"].serve.$post({ param }),
  drop: (param) => management.models[":name"].drop.$post({ param }),
  download: (param) => management.models[":name"].download.$post({ param }),
  resume: (param) => management.models[":name"].download.$post({ param }),
  pause: (param) => management.models[":name"].download.pause.$post({ param }),
  cancel: (param) => management.models[":name"].download.$delete({ param }),
};

/** Resolves when the node has taken it on. @throws {ApiError} with the node's words where it will not. */
export async function actOnModel(action: ModelAction, name: string): Promise<void> {
  await ACTIONS[action]({ name: encodeURIComponent(name) });
}

/** Requests that ended before this page was opened. @throws {ApiError} */
export async function fetchRequests(signal: AbortSignal): Promise<RequestRecord[]> {
  const response = await management.requests.$get(undefined, { init: { signal } });
  const { requests } = await response.json();
  // The client's types say `undefined` for a field that is left out.
  return requests as RequestRecord[];
}

/** @throws {ApiError} */
export async function fetchSettings(model: string, signal: AbortSignal): Promise<SettingsView> {
  const param = { name: encodeURIComponent(model) };
  const response = await management.models[":name"].settings.$get({ param }, { init: { signal } });
  // As above, of a setting that was not changed.
  return await response.json() as SettingsView;
}

/** The settings as they are now, and where somebody else was quicker, so that nothing has changed, a sentence about it. */
export interface SettingsAnswer {
  readonly view: SettingsView;
  readonly stale: string | null;
}

/** @throws {ApiError} with the node's words where it will not. */
export async function changeSettings(
  model: string,
  settings: Record<string, unknown>,
  revision: number,
): Promise<SettingsAnswer> {
  const param = { name: encodeURIComponent(model) };
  const json = { settings, revision };
  return await settled(management.models[":name"].settings.$patch({ param, json }));
}

/** @throws {ApiError} */
export async function resetSettings(model: string, revision: number): Promise<SettingsAnswer> {
  const param = { name: encodeURIComponent(model) };
  const init = { headers: { "if-match": `"${revision}"` } };
  return await settled(management.models[":name"].settings.$delete({ param }, { init }));
}

async function settled(asked: Promise<Response>): Promise<SettingsAnswer> {
  try {
    return { view: await (await asked).json(), stale: null };
  } catch (error) {
    const present = error instanceof ApiError ? presentIn(error) : null;
    if (present === null) throw error;
    return { view: present, stale: (error as ApiError).message };
  }
}

function presentIn({ status, body }: ApiError): SettingsView | null {
  const isStale = status === 409 && typeof body === "object" && body !== null && "present" in body;
  return isStale ? body.present as SettingsView : null;
}

/** @throws {ApiError} */
export async function fetchLogs(
  signal: AbortSignal,
): Promise<{ node: LogLine[]; engine: EngineLog[] }> {
  return await (await management.logs.$get(undefined, { init: { signal } })).json();
}

export type Agents = Awaited<ReturnType<typeof fetchAgents>>;
export type AgentSettings = Agents["agents"][number];

export interface AgentsQuestion {
  readonly model: string | null;
  /** One that an earlier answer lists. */
  readonly address: string | null;
  /** Filled into the settings. */
  readonly apiKey: string | null;
}

/** Settings of tools for one model. @throws {ApiError} */
export async function fetchAgents(
  { model, address, apiKey }: AgentsQuestion,
  signal: AbortSignal,
) {
  const json = {
    ...(model === null ? {} : { model }),
    ...(address === null ? {} : { address }),
    ...(apiKey === null ? {} : { apiKey }),
  };
  return await (await management.agents.$post({ json }, { init: { signal } })).json();
}

export type ApiKeyView = Awaited<ReturnType<typeof fetchKeys>>[number];

/** The keys of the API, each without the key itself. @throws {ApiError} */
export async function fetchKeys(signal: AbortSignal) {
  return (await (await management.keys.$get(undefined, { init: { signal } })).json()).keys;
}

export interface MadeKey {
  readonly name: string;
  readonly key: string;
}

/** A new key of the API, which is told this once. @throws {ApiError} */
export async function createKey(name: string): Promise<MadeKey> {
  return await (await management.keys.$post({ json: { name } })).json();
}

/** @throws {ApiError} */
export async function removeKey(name: string): Promise<void> {
  await management.keys[":name"].$delete({ param: { name: encodeURIComponent(name) } });
}

export interface InviteOptions {
  readonly role: "member" | "client";
  readonly name?: string;
  readonly mayInvite?: boolean;
  /** Epoch milliseconds. */
  readonly expiresAt?: number;
}

/** A new invite's token. @throws {ApiError} */
export async function createInvite(json: InviteOptions): Promise<string> {
  return (await (await management.tokens.$post({ json })).json()).token;
}

/** The invites that the node knows of. @throws {ApiError} */
export async function fetchInvites(signal: AbortSignal): Promise<InviteStatus[]> {
  return (await (await management.tokens.$get(undefined, { init: { signal } })).json()).tokens;
}

/** Ends an invite, and cuts off every node that joined by it. @throws {ApiError} */
export async function revokeInvite(id: string): Promise<void> {
  await management.tokens[":id"].$delete({ param: { id: encodeURIComponent(id) } });
}

/** Takes a relay into the mesh by the claim that it has printed. @throws {ApiError} with what is wrong with it */
export async function addRelay(json: { claim: string; name?: string }): Promise<void> {
  await management.relays.$post({ json });
}

/** @throws {ApiError} */
export async function removeRelay(id: string): Promise<void> {
  await management.relays[":id"].$delete({ param: { id: encodeURIComponent(id) } });
}

/** The outcome of removing a machine. @throws {ApiError} where this node may not. */
export async function fetchRemoval(id: string): Promise<MachineRemoval> {
  const param = { machine: encodeURIComponent(id) };
  return await (await management.peers[":machine"].removal.$get({ param })).json();
}

/** Takes a machine out of the mesh. @throws {ApiError} */
export async function removeMachine(id: string): Promise<void> {
  await management.peers[":machine"].$delete({ param: { machine: encodeURIComponent(id) } });
}

/** Machines that ask to join, and this one's own question. @throws {ApiError} */
export async function fetchPairing(signal: AbortSignal): Promise<PairingView> {
  return await (await management.pairing.$get(undefined, { init: { signal } })).json();
}

/** A person's answer to a machine that asks. */
export interface Acceptance {
  readonly id: string;
  /** As the machine shows it. */
  readonly code: string;
  readonly role: "member" | "client";
  readonly mayInvite: boolean;
}

/** Lets a machine in. @throws {ApiError} where its code is another, or it no longer asks. */
export async function acceptRequest(json: Acceptance): Promise<void> {
  await management.pairing.accept.$post({ json });
}

/** @throws {ApiError} */
export async function refuseRequest(id: string): Promise<void> {
  await management.pairing.refuse.$post({ json: { id } });
}

/** Asks a mesh of this network, by its short id, to let this machine in. @throws {ApiError} */
export async function askToJoin(json: { mesh: string; leave: boolean }): Promise<void> {
  await management.pairing.ask.$post({ json });
}

/** Ends this machine's own question. @throws {ApiError} */
export async function cancelAsking(): Promise<void> {
  await management.pairing.cancel.$post();
}

/** A browser that signs in is known by a cookie from then on. @throws {ApiError} if the key is wrong. */
export async function signIn(key: string): Promise<void> {
  await management.session.$post({ json: { key } });
}

/** The same by an address that the node has printed. @throws {ApiError} where it was used, or is too old. */
export async function signInByLink(code: string): Promise<void> {
  await management.session.$post({ json: { code } });
}

async function* readChunks(response: Response, signal: AbortSignal): AsyncGenerator<ChatChunk[]> {
  // Not `for await`: Safari's streams could not be iterated until lately.
  const reader = response.body?.getReader();
  const decoder = new SseDecoder();
  try {
    for (let next = await reader?.read(); next?.value; next = await reader?.read()) {
      yield decoder.push(next.value).map(parseChatChunk).filter((chunk) => chunk !== null);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw new ApiError("The connection broke before the answer ended", null, { cause: error });
  }
}

/** Asks a model. Waiting for the answer and reading it both end with the signal. @throws {ApiError} */
export async function askModel(
  chat: ChatRequest,
  { apiKey, signal }: AskOptions,
): Promise<ChatReply> {
  const response = await request("/v1/chat/completions", {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }),
    },
    body: JSON.stringify({ ...chat, stream: true, stream_options: { include_usage: true } }),
    signal,
  });
  return {
    host: response.headers.get("x-mesh-host"),
    requestId: response.headers.get("x-request-id"),
    chunks: readChunks(response, signal),
  };
}
