import { raceSignal } from "../../base/race_signal.ts";
import type { Logger } from "@logtape/logtape";
import { redialDelayMs } from "../gossip/backoff.ts";
import type { Clock } from "../base/clock.ts";
import { Deadline } from "../../base/deadline.ts";
import { pause } from "../../base/pause.ts";
import {
  FIRST_ANSWERS_MS,
  NEXT_ASKED_MS,
  REDIAL_MAX_MS,
  ROUTE_REFRESH_MAX_MS,
  ROUTE_REFRESH_MIN_MS,
  ROUTE_REQUEST_TIMEOUT_MS,
} from "../base/defaults.ts";
import { UnreachableError } from "../base/errors.ts";
import { EMPTY_TABLE } from "./routing_table.ts";
import type { PeerId } from "../base/peer_id.ts";
import type { RefreshOptions } from "../base/mesh.ts";
import type { Question } from "./routes.ts";
import type { RoutingTable } from "../base/table.ts";

export interface RoutesQuestion extends Question {
  readonly known: RoutingTable;
}

export interface RouteFinderOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** Peers of the token and of the last time. */
  stored(): ReadonlyMap<PeerId, readonly string[]>;
  /** The table before anybody has answered. @default {EMPTY_TABLE} */
  readonly table?: RoutingTable;
  ask(peer: PeerId, question: RoutesQuestion, signal: AbortSignal): Promise<RoutingTable>;
  /** The peer that has answered is passive itself: it knows whom to ask. */
  isHearsay(peer: PeerId): boolean;
  /** The peer was silent. */
  drop(peer: PeerId, reason: Error): void;
  changed(table: RoutingTable): void;
}

/** The facts about a peer that may be asked. */
interface Candidate {
  /** Chosen once, so that not all clients ask the same peer first. */
  readonly turn: number;
  /** The number of its last failure, the higher the later; 0 where it has answered since. */
  failure: number;
}

interface Answer {
  readonly peer: PeerId;
  /** `undefined` where there is none. */
  readonly table: RoutingTable | undefined;
}

/** A client's copy of the routing table, and whom to ask for the next. */
export class RouteFinder {
  readonly #options: RouteFinderOptions;
  readonly #stop = new AbortController();
  /** The peer that answered last is asked first; the one that failed last is asked last. */
  #preferred: PeerId | undefined;
  readonly #candidates = new Map<PeerId, Candidate>();
  #failures = 0;
  #table: RoutingTable;
  /** Addresses of nodes that a passive peer has reported. */
  #hearsay: RoutingTable["nodes"] = [];
  #freshUntil = -Infinity;
  /** By what is wanted with it. */
  readonly #fetching = new Map<string, Promise<RoutingTable>>();
  /** Those that are asked; a silent one may be when another has answered already. */
  readonly #asking = new Set<Promise<unknown>>();
  #starting: Promise<void> | undefined;

  constructor(options: RouteFinderOptions) {
    this.#options = options;
    this.#table = options.table ?? EMPTY_TABLE;
  }

  get table(): RoutingTable {
    return this.#table;
  }

  /** Gets the first table behind the caller's back; until somebody answers, all are asked again and again. */
  start(): void {
    this.#starting = this.#findFirst();
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error("This node stops"));
    await Promise.allSettled([this.#starting, ...this.#fetching.values(), ...this.#asking]);
  }

  addressesOf(peer: PeerId): readonly string[] {
    const node = [...this.#table.nodes, ...this.#hearsay].find((one) => one.peer === peer);
    return node?.addresses ?? this.#options.stored().get(peer) ?? [];
  }

  /** @throws {UnreachableError} where nobody answers, and a table was demanded or there never was one. */
  async refresh(
    { force = false, signal, ...wanting }: RefreshOptions,
  ): Promise<RoutingTable> {
    const isFresh = this.#options.clock.elapsed() < this.#freshUntil;
    if (isFresh && !force) return this.#table;
    const question = JSON.stringify([
      wanting.wanting,
      wanting.granted,
      wanting.forMs,
      wanting.waitMs,
    ]);
    const fetching = this.#fetching.get(question) ??
      this.#fetch(wanting).finally(() => this.#fetching.delete(question));
    this.#fetching.set(question, fetching);
    try {
      return await (signal === undefined ? fetching : raceSignal(fetching, signal));
    } catch (error) {
      if (force || this.#table === EMPTY_TABLE || signal?.aborted) throw error;
      return this.#table;
    }
  }

  /** Asks one peer within a time. A silent peer is dropped; one that refuses lives, and is busy with other work. */
  async ask(
    peer: PeerId,
    timeoutMs: number,
    wanting: Question = {},
  ): Promise<RoutingTable | undefined> {
    const limitMs = timeoutMs + (wanting.waitMs ?? 0);
    using deadline = Deadline.forStep(limitMs, `Asking ${peer} for routes`, this.#stop.signal);
    try {
      return await this.#options.ask(peer, { known: this.#table, ...wanting }, deadline.signal);
    } catch (error) {
      if (this.#stop.signal.aborted) throw error;
      this.#onFailed(peer, error as Error);
      if (deadline.signal.aborted) this.#options.drop(peer, error as Error);
      return undefined;
    }
  }

  async #fetch(wanting: Question): Promise<RoutingTable> {
    const asked = new Set<PeerId>();
    /** From one that has just come itself: others may know more, unless they are known to be silent. */
    let partial: { readonly peer: PeerId; readonly table: RoutingTable } | undefined;
    const next = () => {
      const isLeft = (one: PeerId) =>
        !asked.has(one) && (partial === undefined || this.#candidates.get(one)?.failure === 0);
      const peer = this.#inOrder().find(isLeft);
      if (peer !== undefined) asked.add(peer);
      return peer;
    };
    for await (const { peer, table } of this.#answers(next, wanting)) {
      if (table === undefined) continue;
      if (this.#options.isHearsay(peer)) {
        this.#hearsay = table.nodes;
      } else if (table.partial) {
        partial ??= { peer, table };
      } else {
        this.#onAnswer(peer, table);
        return table;
      }
    }
    if (partial !== undefined) {
      this.#onAnswer(partial.peer, partial.table);
      return partial.table;
    }
    const tried = [...asked].flatMap((peer) => this.addressesOf(peer)).join(", ");
    throw new UnreachableError(
      `Cannot reach the mesh: tried ${tried || "nobody, for no address is known"}`,
    );
  }

  /** One is asked after the other, and the next one as well where that takes long. */
  async *#answers(
    next: () => PeerId | undefined,
    wanting: Question,
  ): AsyncGenerator<Answer> {
    const { clock } = this.#options;
    const waitMs = NEXT_ASKED_MS + (wanting.waitMs ?? 0);
    const running = new Map<PeerId, Promise<Answer>>();
    for (;;) {
      const peer = next();
      if (peer !== undefined) running.set(peer, this.#answerOf(peer, wanting));
      if (running.size === 0) return;
      const { promise: isLate, resolve } = Promise.withResolvers<undefined>();
      const cancel = peer === undefined ? () => {} : clock.after(waitMs, () => resolve(undefined));
      try {
        const answer = await Promise.race([isLate, ...running.values()]);
        if (answer === undefined) continue;
        running.delete(answer.peer);
        yield answer;
      } finally {
        cancel();
      }
    }
  }

  #answerOf(peer: PeerId, wanting: Question): Promise<Answer> {
    const answer = this.ask(peer, ROUTE_REQUEST_TIMEOUT_MS, wanting)
      .then((table) => ({ peer, table }));
    this.#asking.add(answer);
    answer.catch(() => {}).finally(() => this.#asking.delete(answer)); // stop() waits for it
    return answer;
  }

  #onAnswer(peer: PeerId, table: RoutingTable): void {
    this.#preferred = peer;
    const { clock, random, changed } = this.#options;
    // A node that has just joined knows more soon.
    const freshMs = table.partial
      ? FIRST_ANSWERS_MS
      : ROUTE_REFRESH_MIN_MS + random() * (ROUTE_REFRESH_MAX_MS - ROUTE_REFRESH_MIN_MS);
    this.#freshUntil = clock.elapsed() + freshMs;
    const isNew = table.version !== this.#table.version;
    this.#table = table;
    this.#rank(peer, 0);
    if (isNew) changed(table);
  }

  #onFailed(peer: PeerId, reason: Error): void {
    this.#options.logger.debug("{peer} does not answer: {reason}", {
      peer,
      reason: reason.message,
    });
    if (this.#preferred === peer) this.#preferred = undefined;
    this.#rank(peer, ++this.#failures);
  }

  #rank(peer: PeerId, failure: number): void {
    const candidate = this.#named().get(peer);
    if (candidate !== undefined) candidate.failure = failure;
  }

  /** The peers to ask, the best first. */
  #inOrder(): PeerId[] {
    const rank = (peer: PeerId, { failure }: Candidate) => peer === this.#preferred ? -1 : failure;
    return [...this.#named()]
      .sort(([a, one], [b, other]) => rank(a, one) - rank(b, other) || one.turn - other.turn)
      .map(([peer]) => peer);
  }

  /** The candidates as they are now: a peer that is named nowhere any more is forgotten. */
  #named(): ReadonlyMap<PeerId, Candidate> {
    const told = [...this.#table.nodes, ...this.#hearsay].map(({ peer }) => peer);
    const peers = new Set([...told, ...this.#options.stored().keys()]);
    for (const peer of this.#candidates.keys()) {
      if (peers.has(peer)) continue;
      this.#candidates.delete(peer);
      if (peer === this.#preferred) this.#preferred = undefined;
    }
    for (const peer of peers) {
      if (this.#candidates.has(peer)) continue;
      this.#candidates.set(peer, { turn: this.#options.random(), failure: 0 });
    }
    return this.#candidates;
  }

  async #findFirst(): Promise<void> {
    const { random, logger } = this.#options;
    for (let failures = 0; !this.#stop.signal.aborted; failures++) {
      try {
        await this.refresh({});
        return;
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        // The founder of a mesh has nobody to reach.
        const level = failures === 0 && this.#inOrder().length > 0 ? "warn" : "debug";
        const reason = (error as Error).message;
        logger[level]("{reason}; it is tried again", { event: "unreachable", reason });
      }
      await pause(redialDelayMs(failures, REDIAL_MAX_MS, random), this.#stop.signal);
    }
  }
}
