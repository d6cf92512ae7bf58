import { useEffect, useReducer, useRef } from "preact/hooks";
import { fetchRequests, openEvents, probeNode } from "../lib/api.ts";
import { RECONNECT_MAX_MS } from "../lib/defaults.ts";
import { LiveConnection } from "../lib/live_connection.ts";
import {
  INITIAL_LIVE_STATE,
  type LiveEvent,
  type LiveState,
  onLiveEvent,
} from "../lib/live_state.ts";

/** Requests that ended while the page was not there; it does without where the node will not say. */
function fetchHistory(onEvent: (event: LiveEvent) => void): void {
  fetchRequests(AbortSignal.timeout(RECONNECT_MAX_MS))
    .then((requests) => onEvent({ type: "history", requests }), () => {});
}

/** The node's state as it changes, and a way to try again at once. */
export function useLive(): { live: LiveState; reconnect: () => void } {
  const [live, onEvent] = useReducer(onLiveEvent, INITIAL_LIVE_STATE);
  const connection = useRef<LiveConnection | null>(null);
  useEffect(() => {
    const current = new LiveConnection({
      openEvents,
      probeNode,
      onEvent: (event) => {
        onEvent(event);
        if (event.type === "opened") fetchHistory(onEvent);
      },
      now: Date.now,
    });
    const connect = () => current.connect();
    connection.current = current;
    connect();
    // A machine that wakes up should not sit out the pause.
    addEventListener("online", connect);
    return () => {
      removeEventListener("online", connect);
      current.stop();
    };
  }, []);
  return { live, reconnect: () => connection.current?.connect() };
}
