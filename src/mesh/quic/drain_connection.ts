import { raceSignal } from "../../base/race_signal.ts";
import { setTimeout as delay } from "node:timers/promises";
import type { Connection, Stream } from "@libp2p/interface";
import { DRAIN_QUIET_MS } from "./limits.ts";

export interface DrainOptions {
  /** How long it must have been without streams: the peer may be about to open one. @default {2_000} */
  readonly quietMs?: number;
  readonly signal: AbortSignal;
}

/**
 * Closes a connection once its streams have ended by themselves. Opens and closes none: who still
 * opens streams on it keeps it alive. Resolves when it is closed, by whom ever.
 * @throws the signal's reason.
 */
export async function drainConnection(
  connection: Connection,
  { quietMs = DRAIN_QUIET_MS, signal }: DrainOptions,
): Promise<void> {
  while (connection.status === "open") {
    await Promise.all(connection.streams.map((stream) => raceSignal(closed(stream), signal)));
    await delay(quietMs, undefined, { signal });
    if (connection.streams.length === 0) await connection.close({ signal });
  }
}

/** The end of a connection ends its streams too. */
function closed(stream: Stream): Promise<void> {
  if (stream.status !== "open" && stream.status !== "closing") return Promise.resolve();
  return new Promise((resolve) =>
    stream.addEventListener("close", () => resolve(), { once: true })
  );
}
