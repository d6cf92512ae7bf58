import { useEffect, useReducer, useRef } from "preact/hooks";
import { fetchPairing, fetchRequests, openEvents, probeNode } from "../lib/api.ts";
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

/** Each change is an event; as it is now has to be asked. */
function askPairing(onEvent: (event: LiveEvent) => void): void {
  const askedMs = Date.now();
  fetchPairing(AbortSignal.timeout(RECONNECT_MAX_MS))
    .then((pairing) => onEvent({ type: "asked-pairing", pairing, askedMs }), () => {});
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
        if (event.type !== "opened") return;
        fetchHistory(onEvent);
        askPairing(onEvent);
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
