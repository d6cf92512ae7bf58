/** The page's knowledge of the node, and whether the connection lives. Pure. */

import type {
  LogLine,
  NodeEvent,
  PairingView,
  RequestRecord,
  Status,
} from "../../../src/api/base/types.ts";
import { LOG_LINES_MAX, REQUESTS_MAX, SAMPLE_INTERVAL_MS, SAMPLES_MAX } from "./defaults.ts";
import { NO_PAIRING } from "./pairing.ts";
import type { Progress } from "./mesh_shapes.ts";
import { addNews, type NewsItem, newsOf } from "./news.ts";
import { reuse } from "./reuse.ts";

export type Link = "connecting" | "live" | "reconnecting";

/** A log line with a number of its own: two may be equal. */
export interface NumberedLine extends LogLine {
  readonly number: number;
}

export interface MemorySample {
  readonly atMs: number;
  readonly usedBytes: number;
}

export interface LiveState {
  readonly link: Link;
  readonly status: Status | null;
  readonly progress: Progress;
  /** When the connection was lost, while it is. */
  readonly lostAtMs: number | null;
  /** Why the node can't be read, in words. */
  readonly problem: string | null;
  /** The node answers only who has signed in. */
  readonly needsKey: boolean;
  /** Newest first. */
  readonly news: readonly NewsItem[];
  /** Finished requests, newest first. */
  readonly requests: readonly RequestRecord[];
  /** Oldest first. */
  readonly logs: readonly NumberedLine[];
  readonly memory: readonly MemorySample[];
  readonly pairing: PairingView;
  /** When the page heard of it. */
  readonly pairingAtMs: number;
}

/** Events from the node, with the time at which the page received them. */
export type LiveEvent =
  | { readonly type: "opened" }
  | {
    readonly type: "lost";
    readonly atMs: number;
    readonly problem: string | null;
    readonly needsKey: boolean;
  }
  | { readonly type: "history"; readonly requests: readonly RequestRecord[] }
  /** The answer to a question of that time. */
  | { readonly type: "asked-pairing"; readonly pairing: PairingView; readonly askedMs: number }
  | (NodeEvent & { readonly atMs: number });

export const INITIAL_LIVE_STATE: LiveState = {
  link: "connecting",
  status: null,
  progress: {},
  lostAtMs: null,
  problem: null,
  needsKey: false,
  news: [],
  requests: [],
  logs: [],
  memory: [],
  pairing: NO_PAIRING,
  pairingAtMs: 0,
};

/** Progress of what this machine is still loading, also where the model answers elsewhere. */
function stillLoading(progress: Progress, { node, models }: Status): Progress {
  const isLoading = ({ instances }: Status["models"][number]) =>
    instances.some(({ host, state }) => host === node.id && state === "loading");
  const loading = new Set(models.filter(isLoading).map(({ id }) => id));
  return Object.fromEntries(Object.entries(progress).filter(([name]) => loading.has(name)));
}

function usedBytes({ node, peers }: Status): number {
  return [node, ...peers].flatMap(({ devices }) => devices)
    .reduce((sum, device) => sum + device.usedBytes, 0);
}

function sample(memory: LiveState["memory"], status: Status, atMs: number): LiveState["memory"] {
  const last = memory.at(-1);
  if (last !== undefined && atMs - last.atMs < SAMPLE_INTERVAL_MS) return memory;
  return [...memory, { atMs, usedBytes: usedBytes(status) }].slice(-SAMPLES_MAX);
}

function onStatus(state: LiveState, next: Status, atMs: number): LiveState {
  const news = newsOf(state.status, next, atMs).reduce(addNews, state.news);
  return {
    ...state,
    status: reuse(state.status, next),
    progress: reuse(state.progress, stillLoading(state.progress, next)),
    news,
    memory: sample(state.memory, next, atMs),
  };
}

/** Newest first, each once: after a reconnection the node tells again what may have been missed. */
function addRequests(
  requests: readonly RequestRecord[],
  more: readonly RequestRecord[],
): readonly RequestRecord[] {
  const known = new Set(requests.map(({ id, time }) => `${id} ${time}`));
  const fresh = more.filter(({ id, time }) => !known.has(`${id} ${time}`));
  return [...fresh, ...requests].sort((a, b) => a.time < b.time ? 1 : a.time > b.time ? -1 : 0)
    .slice(0, REQUESTS_MAX);
}

function onPairing(state: LiveState, next: PairingView, pairingAtMs: number): LiveState {
  return { ...state, pairing: reuse(state.pairing, next), pairingAtMs };
}

export function onLiveEvent(state: LiveState, event: LiveEvent): LiveState {
  switch (event.type) {
    case "opened":
      return { ...state, link: "live", lostAtMs: null, problem: null, needsKey: false };
    case "lost":
      return {
        ...state,
        link: state.status === null ? "connecting" : "reconnecting",
        lostAtMs: state.lostAtMs ?? event.atMs,
        problem: event.problem,
        // An attempt that fails without a word is not an answer: who types a key is not to lose it.
        needsKey: event.needsKey || (event.problem === null && state.needsKey),
      };
    case "history":
      return { ...state, requests: addRequests(state.requests, event.requests) };
    case "status":
      return onStatus(state, event.status, event.atMs);
    case "progress":
      if (event.task !== "load") return state;
      return { ...state, progress: { ...state.progress, [event.model]: event.fraction } };
    case "peer":
      return { ...state, news: addNews(state.news, event) };
    case "request":
      return { ...state, requests: addRequests(state.requests, [event.request]) };
    case "pairing":
      return onPairing(state, event.pairing, event.atMs);
    case "asked-pairing":
      // An event that came since is newer than the answer.
      return event.askedMs < state.pairingAtMs
        ? state
        : onPairing(state, event.pairing, event.askedMs);
    case "log": {
      const line = { ...event.line, number: (state.logs.at(-1)?.number ?? 0) + 1 };
      return { ...state, logs: [...state.logs, line].slice(-LOG_LINES_MAX) };
    }
  }
}
