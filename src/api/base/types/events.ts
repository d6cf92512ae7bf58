/** The events that a node emits. */

import type { PairingView } from "./pairing.ts";
import type { Status } from "./status.ts";

export interface LogLine {
  time: string;
  level: string;
  event: string;
  message: string;
}

/** The end of what one llama.cpp process printed. */
export interface EngineLog {
  /** As the file in the log folder, without its ending. */
  name: string;
  text: string;
}

/** The events of `GET /api/events`. */
export type NodeEvent =
  | { type: "status"; status: Status }
  | { type: "log"; line: LogLine }
  | {
    type: "progress";
    task: "load" | "download";
    model: string;
    fraction: number;
  }
  | { type: "request"; request: RequestRecord }
  | { type: "pairing"; pairing: PairingView }
  | PeerEvent;

/** A machine came or went. A status says who is there, and not why one no longer is. */
export interface PeerEvent {
  type: "peer";
  peer: string;
  name: string;
  change: "joined" | "left" | "died";
}

/** One finished request. */
export interface RequestRecord {
  id: string;
  time: string;
  model: string;
  /** PeerId that answered; `null` where nobody could. */
  host: string | null;
  path: string;
  /** 499 where the caller went away, 502 where the answer broke off after its first byte. */
  status: number;
  /**
   * Milliseconds that the whole request waited: here for an instance that is loaded or in place of others
   * that failed, and at the one that answers for a slot.
   */
  queueMs: number;
  /** Milliseconds from asking that one until a stream to its host was open; `null` for this node's own. */
  connectMs: number | null;
  /** Milliseconds from arrival to the first byte of the answer, and to its end. */
  firstByteMs: number | null;
  totalMs: number;
  /** As llama-server counts them, with those it had in its cache. */
  tokensIn: number | null;
  /** As llama-server counts them; an estimate where the answer broke off. */
  tokensOut: number | null;
  /** The answer came as events. */
  streamed: boolean;
  /** Instances that were asked and failed before the first byte. */
  retries: number;
  /** How often another instance was asked to continue the answer. */
  continuations: number;
  /** PeerIds that went on with the answer, in order; the same one again where its llama-server was started anew. */
  continuedBy: string[];
  /** Name of the API key that asked, where keys are required. */
  key?: string;
  /** The start of the request's body, only with `--record-prompts`. */
  prompt?: string;
}
