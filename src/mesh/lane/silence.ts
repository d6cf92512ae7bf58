/**
 * When a stream of the lane counts as broken: TCP itself takes a quarter of an hour, and a peer that is busy says nothing
 * either. Its answer over QUIC meanwhile tells the two apart. Pure.
 */

import { MAX_SILENT_TURNS, MAX_STRIKES } from "./defaults.ts";

export interface Silence {
  /** In a row. */
  readonly turns: number;
  /** Those of them in which the peer answered over QUIC. */
  readonly strikes: number;
}

export const NO_SILENCE: Silence = { turns: 0, strikes: 0 };

/** One turn, as it went. */
export interface Turn {
  readonly hasHeard: boolean;
  /** Somebody waits for bytes: what nobody reads may well be there. */
  readonly isReading: boolean;
  /** The peer has answered over QUIC. */
  readonly isAnswered: boolean;
}

export interface Judged {
  readonly silence: Silence;
  /** `ask`: whether the peer is there, over QUIC. */
  readonly then: "go on" | "ask" | "break";
}

export function judged(before: Silence, { hasHeard, isReading, isAnswered }: Turn): Judged {
  if (hasHeard || !isReading) return { silence: NO_SILENCE, then: "go on" };
  const silence = {
    turns: before.turns + 1,
    strikes: before.strikes + Number(isAnswered),
  };
  const isOver = silence.turns >= MAX_SILENT_TURNS || silence.strikes >= MAX_STRIKES;
  return { silence, then: isOver ? "break" : "ask" };
}
