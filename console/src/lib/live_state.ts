/** What the page knows of the node, and whether it still hears from it. Pure. */

import type { NodeEvent, Status } from "../../../src/api/types.ts";
import type { Progress } from "./mesh_view.ts";

export type Link = "connecting" | "live" | "reconnecting";

export interface LiveState {
  readonly link: Link;
  readonly status: Status | null;
  readonly progress: Progress;
  /** When the connection was lost, while it is. */
  readonly lostAtMs: number | null;
  /** Why the node can't be read, in words. */
  readonly problem: string | null;
}

export type LiveEvent =
  | { readonly type: "opened" }
  | { readonly type: "lost"; readonly atMs: number; readonly problem: string | null }
  | Extract<NodeEvent, { type: "status" | "progress" }>;

export const INITIAL_LIVE_STATE: LiveState = {
  link: "connecting",
  status: null,
  progress: {},
  lostAtMs: null,
  problem: null,
};

/** Progress of models that are still loading. */
function stillLoading(progress: Progress, status: Status): Progress {
  const loading = new Set(
    status.models.filter((model) => model.state === "loading").map((model) => model.name),
  );
  return Object.fromEntries(Object.entries(progress).filter(([name]) => loading.has(name)));
}

export function onLiveEvent(state: LiveState, event: LiveEvent): LiveState {
  switch (event.type) {
    case "opened":
      return { ...state, link: "live", lostAtMs: null, problem: null };
    case "lost":
      return {
        ...state,
        link: state.status === null ? "connecting" : "reconnecting",
        lostAtMs: state.lostAtMs ?? event.atMs,
        problem: event.problem,
      };
    case "status":
      return {
        ...state,
        status: event.status,
        progress: stillLoading(state.progress, event.status),
      };
    case "progress":
      if (event.task !== "load") return state;
      return { ...state, progress: { ...state.progress, [event.model]: event.fraction } };
  }
}
