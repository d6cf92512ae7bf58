/**
 * Which way a peer's datagrams take: over a member first, and straight to an address of the peer once that has answered.
 * Pure: it says what to ask and which path to use, given what was told, what was answered, and the time.
 */

import { siteOf } from "../../base/ip_address.ts";
import {
  ASK_EVERY_MS,
  BETTER_MS,
  BETTER_RATIO,
  BUSY_MS,
  CALM_MS,
  FIRST_PAUSE_MS,
  HEARD_ASKS,
  IDLE_ASKS,
  KEEP_OPEN_MS,
  LONGEST_PAUSE_MS,
  MAX_CANDIDATES,
  MAX_CANDIDATES_OF_SITE,
  MAX_SEEN_CANDIDATES,
  PATIENT_ASKS,
  RETURN_ASKS,
  SEEN_STAY_MS,
  SUSPECT_MS,
  SUSPECT_ROUND_TRIPS,
} from "./defaults.ts";
import type { UdpEnd } from "./udp_end.ts";

/** An address at which the peer may be. */
export interface Candidate {
  readonly end: UdpEnd;
  /** The peer's questions came from there, and nobody named it. */
  readonly isSeen: boolean;
  readonly sinceMs: number;
  /** One that was seen gives way to others from then on. */
  readonly staysUntilMs: number;
  /** Asked so often since the last answer. */
  readonly asks: number;
  /** The first and the last question since the last answer. */
  readonly firstAskedMs: number | undefined;
  readonly askedMs: number | undefined;
  readonly answeredMs: number | undefined;
  readonly rttMs: number;
}

export interface PathState {
  readonly candidates: readonly Candidate[];
  /** The key of the direct path in use; `undefined` while a member relays. */
  readonly chosen: string | undefined;
  /** The last change between direct paths, or to one. */
  readonly switchedMs: number;
  /** The last fall back to the relay, and the last return from it. */
  readonly fellMs: number | undefined;
  readonly returnedMs: number;
}

export const RELAYED: PathState = {
  candidates: [],
  chosen: undefined,
  switchedMs: -Infinity,
  fellMs: undefined,
  returnedMs: -Infinity,
};

export interface Step {
  readonly state: PathState;
  /** Questions that are due; those to addresses that have answered before need no budget. */
  readonly asks: readonly { readonly end: UdpEnd; readonly isProven: boolean }[];
  /** When to step again, if nothing happens before. */
  readonly nextMs: number;
}

/**
 * The peer has told where it may be, best first, which it does when that has changed or it has woken: all are asked at once.
 * An address that it does not name any more is forgotten unless it answers.
 */
export function told(state: PathState, ends: readonly UdpEnd[], now: number): PathState {
  const named = withinBounds(ends);
  const known = new Map(state.candidates.map((one) => [one.end.key, one]));
  const kept = state.candidates.filter((one) =>
    !named.some(({ key }) => key === one.end.key) &&
    (one.isSeen || one.end.key === state.chosen || isTrusted(one, now))
  );
  const listed = named.map((end) => known.get(end.key) ?? fresh(end, now, false));
  const isChosen = (one: Candidate) => Number(one.end.key === state.chosen);
  const all = [...kept.filter((one) => one.isSeen), ...listed, ...kept.filter((one) => !one.isSeen)]
    .toSorted((a, b) => isChosen(b) - isChosen(a));
  const next = { ...state, candidates: all.slice(0, MAX_CANDIDATES) };
  return restarted(outdated(next));
}

/**
 * The peer asks from there: it may be reached there, whatever it knows of itself. Two routers that each give every question
 * a new port would answer each other's questions by questions for ever: those at hand keep their places for a while.
 */
export function heard(state: PathState, end: UdpEnd, now: number): PathState {
  const known = state.candidates.find((one) => one.end.key === end.key);
  if (known !== undefined) {
    const isPatient = !isTrusted(known, now) && known.asks >= PATIENT_ASKS;
    return isPatient ? replaced(state, { ...known, asks: HEARD_ASKS }) : state;
  }
  const isFull = state.candidates.length >= MAX_CANDIDATES ||
    state.candidates.filter((one) => one.isSeen).length >= MAX_SEEN_CANDIDATES;
  const goes = isFull ? giveWay(state, now) : undefined;
  if (isFull && goes === undefined) return state;
  const kept = state.candidates.filter((one) => one !== goes);
  return { ...state, candidates: [...kept, fresh(end, now, true)] };
}

/** One that was seen long enough ago and leads nowhere, or, while few were seen, the least likely of the peer's own list. */
function giveWay({ candidates, chosen }: PathState, now: number): Candidate | undefined {
  const idle = candidates.filter((one) => one.end.key !== chosen && !isTrusted(one, now));
  const seen = candidates.filter((one) => one.isSeen);
  if (seen.length < MAX_SEEN_CANDIDATES) return idle.findLast((one) => !one.isSeen);
  return idle.find((one) => one.isSeen && now >= one.staysUntilMs);
}

/** A question was answered from where it was sent to. */
export function answered(state: PathState, end: UdpEnd, rttMs: number, now: number): PathState {
  const known = state.candidates.find((one) => one.end.key === end.key);
  if (known === undefined) return state;
  const news = { asks: 0, firstAskedMs: undefined, answeredMs: now, rttMs };
  return replaced(state, { ...known, ...news });
}

/** This machine's own addresses have changed, or it has slept: everything is asked anew, at once. */
export function moved(state: PathState): PathState {
  return restarted(outdated(state));
}

/**
 * The questions that are due, and the path.
 * @param usedMs when a datagram was last sent to the peer, or came from it
 */
export function step(state: PathState, now: number, usedMs: number): Step {
  const busy = now - usedMs <= BUSY_MS;
  const due = state.candidates.filter((one) => dueMs(state, one, busy) <= now);
  const asks = due.map((one) => ({ end: one.end, isProven: one.answeredMs !== undefined }));
  const candidates = state.candidates.map((one) => due.includes(one) ? asked(one, now) : one);
  const next = choose({ ...state, candidates }, now);
  return { state: next, asks, nextMs: nextMs(next, now, busy) };
}

/** How the peer is reached. */
export function chosenCandidate(state: PathState): Candidate | undefined {
  return state.candidates.find((one) => one.end.key === state.chosen);
}

function withinBounds(ends: readonly UdpEnd[]): readonly UdpEnd[] {
  const unique = [...new Map(ends.map((end) => [end.key, end])).values()];
  const sites = new Map<string, number>();
  return unique.filter(({ ip }) => {
    const count = (sites.get(siteOf(ip)) ?? 0) + 1;
    sites.set(siteOf(ip), count);
    return count <= MAX_CANDIDATES_OF_SITE;
  }).slice(0, MAX_CANDIDATES);
}

function fresh(end: UdpEnd, now: number, isSeen: boolean): Candidate {
  return {
    end,
    isSeen,
    sinceMs: now,
    staysUntilMs: now + SEEN_STAY_MS,
    asks: 0,
    firstAskedMs: undefined,
    askedMs: undefined,
    answeredMs: undefined,
    rttMs: Infinity,
  };
}

function asked(one: Candidate, now: number): Candidate {
  return { ...one, asks: one.asks + 1, askedMs: now, firstAskedMs: one.firstAskedMs ?? now };
}

/** A question that is open stays open: only an answer makes a path trusted again. */
function restarted(state: PathState): PathState {
  const candidates = state.candidates.map((one) => ({ ...one, asks: 0, askedMs: undefined }));
  return { ...state, candidates };
}

/** A place at which the peer was seen was its router's way to the places of before: others may take it now. */
function outdated(state: PathState): PathState {
  const candidates = state.candidates.map((one) =>
    one.isSeen ? { ...one, staysUntilMs: -Infinity } : one
  );
  return { ...state, candidates };
}

function replaced(state: PathState, by: Candidate): PathState {
  const candidates = state.candidates.map((one) => one.end.key === by.end.key ? by : one);
  return { ...state, candidates };
}

function suspectedMs({ firstAskedMs, rttMs }: Candidate): number {
  if (firstAskedMs === undefined) return Infinity;
  const roundTrips = Number.isFinite(rttMs) ? SUSPECT_ROUND_TRIPS * rttMs : 0;
  return firstAskedMs + Math.max(SUSPECT_MS, roundTrips);
}

function isTrusted(one: Candidate, now: number): boolean {
  return one.answeredMs !== undefined && now < suspectedMs(one);
}

/** When a candidate is to be asked. */
function dueMs(state: PathState, one: Candidate, busy: boolean): number {
  if (one.askedMs === undefined) return -Infinity;
  return one.askedMs + pauseMs(state, one, busy);
}

function pauseMs({ chosen }: PathState, one: Candidate, busy: boolean): number {
  const { asks, answeredMs, end } = one;
  if (answeredMs === undefined) {
    if (asks >= IDLE_ASKS && !busy) return Infinity;
    return doubled(FIRST_PAUSE_MS, asks - 1);
  }
  if (asks === 0) return end.key === chosen && busy ? ASK_EVERY_MS : KEEP_OPEN_MS;
  return doubled(ASK_EVERY_MS, asks - RETURN_ASKS);
}

function doubled(pause: number, times: number): number {
  return Math.min(LONGEST_PAUSE_MS, pause * 2 ** Math.max(0, times));
}

function choose(state: PathState, now: number): PathState {
  const current = chosenCandidate(state);
  if (current !== undefined && isTrusted(current, now)) return improved(state, current, now);
  if (state.chosen === undefined) return returned(state, now);
  return restarted({ ...state, chosen: undefined, fellMs: now });
}

/** A much better path replaces a good one, but not in haste. */
function improved(state: PathState, current: Candidate, now: number): PathState {
  if (now - state.switchedMs < CALM_MS) return state;
  const best = bestOf(state.candidates.filter((one) => isTrusted(one, now)));
  const isBetter = best !== undefined && best.rttMs < current.rttMs * BETTER_RATIO &&
    best.rttMs < current.rttMs - BETTER_MS;
  return isBetter ? { ...state, chosen: best.end.key, switchedMs: now } : state;
}

/** From the relay to a direct path: at once the first time, and to an address that is new; again only now and then. */
function returned(state: PathState, now: number): PathState {
  const best = bestOf(state.candidates.filter((one) => mayReturn(state, one, now)));
  if (best === undefined) return state;
  const adopted = { ...state, chosen: best.end.key, switchedMs: now };
  return state.fellMs === undefined ? adopted : { ...adopted, returnedMs: now };
}

function mayReturn(state: PathState, one: Candidate, now: number): boolean {
  if (!isTrusted(one, now)) return false;
  if (state.fellMs === undefined) return true;
  // An answer of before says nothing of a network that has failed since.
  if ((one.answeredMs ?? -Infinity) <= state.fellMs) return false;
  return one.sinceMs >= state.fellMs || now - state.returnedMs >= CALM_MS;
}

function bestOf(candidates: readonly Candidate[]): Candidate | undefined {
  return candidates.toSorted((a, b) => a.rttMs - b.rttMs)[0];
}

function nextMs(state: PathState, now: number, busy: boolean): number {
  const times = state.candidates.flatMap((one) => [
    dueMs(state, one, busy),
    ...one.end.key === state.chosen ? [suspectedMs(one)] : [],
  ]);
  const calmMs = state.returnedMs + CALM_MS;
  if (state.chosen === undefined && calmMs > now) times.push(calmMs);
  return Math.max(now, Math.min(Infinity, ...times));
}
