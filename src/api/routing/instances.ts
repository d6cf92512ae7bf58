import type { Logger } from "@logtape/logtape";
import type { AskedHosts } from "./asked_hosts.ts";
import { balanced } from "./balance.ts";
import { longId } from "../../base/model_ids.ts";
import { ROOM_PARAM } from "../../base/wanted_context.ts";
import { anyModel, rendezvousOrder, warmIds } from "./choose.ts";
import { ENDS_ALLOWED, HELD_CHECK_MS, LOAD_LEASE_MS, LOAD_RENEWAL_MS } from "../base/defaults.ts";
import { isFinal, patienceMs } from "./patience.ts";
import { RefusedError } from "../http/openai_errors.ts";
import { judgeObstacle } from "../http/refusals/obstacle.ts";
import { type Excess, firstWithRoom, hasRoomFor, type Lack, largerExcess } from "./room.ts";
import type { Routing } from "./routing.ts";
import { Wait } from "./wait.ts";
import {
  type GatewayInstance,
  type GatewayNode,
  InstanceUnavailableError,
  type Obstacle,
} from "../base/types.ts";

export interface SearchOptions {
  readonly node: GatewayNode;
  readonly hosts: AskedHosts;
  readonly routing: Routing;
  readonly requestId: string;
  readonly bodyBytes: number;
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** How long the request waits for an instance. */
  readonly holdMs: number;
}

/**
 * Finds the instances to ask for one request, one after the other. Each is asked once a round; between two
 * rounds the request is held until the mesh may serve its model again.
 */
export class InstanceSearch {
  readonly #options: SearchOptions;
  /** Without a conversation there is no cache to find again: any instance is as good. */
  readonly #key: string;
  /** One host may have several instances. */
  readonly #asked = new Set<string>();
  readonly #full: GatewayInstance[] = [];
  /** The prompt was too long for an instance. */
  #excess: Excess | undefined;
  /** Instances that can't be loaded with the context that the request counts on. */
  readonly #lacking = new Map<string, Lack>();
  /** Instances that went while they had the request, for others or to come back with more room. */
  readonly #retired = new Set<string>();
  #failed: GatewayInstance | undefined;
  /** Hosts whose failure was told. */
  readonly #told = new Set<string>();
  /** Hosts that ended while they had the request, in the order in which they did. */
  readonly #ends: string[] = [];
  #heldSinceMs: number | undefined;
  /** Since when something stands in the way of the model. */
  #blockedSinceMs: number | undefined;
  #waitsFor: Obstacle | undefined;
  /** When its model was last asked for, where it is to be loaded. */
  #calledMs: number | undefined;
  /** The one that has begun to answer: only its like can go on. */
  #begun: GatewayInstance | undefined;

  constructor(options: SearchOptions) {
    this.#options = options;
    this.#key = options.routing.conversation || options.requestId;
  }

  /** The obstacle to the model while the request is held, for people; `null` where nothing does. */
  get waitsFor(): string | null {
    return this.#waitsFor === undefined ? null : judgeObstacle(this.#waitsFor).message;
  }

  /** @throws {RefusedError} where the request is not, or no longer, held. */
  async next(): Promise<GatewayInstance> {
    this.#options.signal.throwIfAborted();
    return this.#take() ?? await this.#takeLater();
  }

  /** The next one that is warm, as far as this node knows now. */
  #take(): GatewayInstance | undefined {
    const { hosts, bodyBytes } = this.#options;
    const inOrder = balanced(this.#candidates(), (instance) => hosts.loadOf(instance));
    const instance = firstWithRoom(inOrder, bodyBytes);
    if (instance !== undefined) this.#asked.add(keyOf(instance));
    return instance;
  }

  async #takeLater(): Promise<GatewayInstance> {
    const { node, signal, logger } = this.#options;
    using wait = new Wait(node);
    await refresh(node, signal, logger);
    for (;;) {
      signal.throwIfAborted();
      const instance = this.#take();
      if (instance !== undefined) return instance;
      await this.#refuseOrHold();
      const isNews = await wait.pause(HELD_CHECK_MS, signal);
      this.#asked.clear();
      if (!isNews) await refresh(node, signal, logger, "debug");
    }
  }

  /**
   * The instance gave no answer, or its answer broke off.
   * @throws {RefusedError} where that has happened too often after it was asked.
   */
  failed(instance: GatewayInstance, error: unknown): void {
    const { logger } = this.#options;
    const { host } = instance;
    this.#asked.add(keyOf(instance));
    if (error instanceof InstanceUnavailableError && error.isRetired) {
      this.#retired.add(keyOf(instance));
      logger.debug("{host} does not serve {model} any more", { ...instance });
      return;
    }
    const level = this.#told.has(host) ? "debug" : "warn";
    this.#told.add(host);
    logger[level]("{host} does not answer for {model}: {error}", { ...instance, error });
    this.#failed = instance;
    if (error instanceof InstanceUnavailableError && !error.wasAsked) return;
    this.#ends.push(host);
    if (this.#ends.length < ENDS_ALLOWED) return;
    throw new RefusedError({ kind: "interrupted", reason: describeEnds(this.#ends) }, {
      cause: error,
    });
  }

  /** The instance has as much to do as it takes. */
  full(instance: GatewayInstance): void {
    this.#full.push(instance);
  }

  /** The instance has no room for the prompt: one with more room is asked. */
  tooLong(excess: Excess): void {
    this.#excess = largerExcess(this.#excess, excess);
  }

  /** The instance has less room than the request counts on, and can't be given more. */
  lacksRoom(instance: GatewayInstance, reason: string): void {
    this.#lacking.set(keyOf(instance), { reason, contextLength: instance.contextLength });
  }

  /** The instance has begun to answer. */
  began(instance: GatewayInstance): void {
    this.#begun = instance;
    this.#waitsFor = undefined;
    this.#full.length = 0;
    this.#heldSinceMs = undefined;
    this.#blockedSinceMs = undefined;
    this.#asked.clear();
  }

  /** In this conversation's own order. */
  #candidates(): readonly GatewayInstance[] {
    const left = this.#serving().filter((one) =>
      !this.#asked.has(keyOf(one)) && !this.#lacking.has(keyOf(one)) &&
      hasRoomFor(one, this.#excess)
    );
    return rendezvousOrder(left, this.#key);
  }

  /** All that serve the model. */
  #serving(): readonly GatewayInstance[] {
    const { node, routing } = this.#options;
    const warm = node.warm();
    const begun = this.#begun;
    const id = begun === undefined && routing.model === null
      ? anyModel(node.ownModel, warm)
      : idOf(node, routing.model);
    const isMeant = (one: GatewayInstance) =>
      begun === undefined ? one.id === id : isSameModel(one, begun);
    return warm.filter(isMeant);
  }

  /** The caller's word; once an instance has begun to answer, what stands for its model whatever else comes. */
  get #asks(): string | null {
    if (this.#begun === undefined) return this.#options.routing.model;
    const { model: name, fingerprint } = this.#begun;
    return longId({ name, fingerprint }, fingerprint.length);
  }

  /** The id of the model, for as long as anybody is known to have it. */
  get #meant(): string | null {
    const { node } = this.#options;
    const begun = this.#begun;
    const id = idOf(node, this.#asks);
    if (id !== undefined || begun === undefined) return id ?? this.#asks;
    // Its content is nobody's now. The id that it had tells why, unless another model has that since.
    const meaning = node.meaning(begun.id);
    const isOther = meaning.kind === "several" ||
      (meaning.kind === "one" && meaning.model.fingerprint !== null);
    return isOther ? this.#asks : begun.id;
  }

  /** Returns where waiting may help, for as long as it may last. */
  async #refuseOrHold(): Promise<void> {
    const { node, holdMs } = this.#options;
    const model = this.#meant;
    const excess = this.#excess;
    if (this.#full.some((one) => hasRoomFor(one, excess))) {
      throw new RefusedError({ kind: "overloaded", model });
    }
    if (excess !== undefined) {
      // A machine of an earlier version may announce more than each of its requests gets.
      const lengths = this.#serving().map(({ contextLength }) => contextLength)
        .filter((length) => length <= excess.promptTokens);
      const contextLength = Math.max(excess.contextLength, ...lengths);
      throw new RefusedError({ kind: "context-length", ...excess, contextLength });
    }
    this.#refuseForRoom();
    const now = performance.now();
    this.#heldSinceMs ??= now;
    const several = severalOf(node, model);
    if (several !== undefined) throw several;
    const comes = mayCome(node, model);
    const obstacle = comes ? undefined : obstacleOf(node, model);
    this.#waitsFor = obstacle;
    this.#blockedSinceMs = obstacle === undefined ? undefined : this.#blockedSinceMs ?? now;
    const isHere = obstacle === undefined ? comes : !isFinal(obstacle);
    const isDue = this.#calledMs !== undefined && now >= this.#calledMs + LOAD_RENEWAL_MS;
    const isCalled = (!isHere || isDue) && await this.#requestLoad(model, LOAD_LEASE_MS);
    const isAwaited = isHere || isCalled;
    // An instance that failed, and that nothing is known of, may come back.
    const isRefused = !isAwaited && (obstacle !== undefined || this.#failed === undefined);
    // A model that runs there may take long to answer, and the bound counts from the end of that.
    if (obstacle?.kind === "turn") this.#heldSinceMs = this.#blockedSinceMs = now;
    const waitsMs = patienceMs({ obstacle, hasBegun: this.#begun !== undefined, holdMs });
    const isOver = now >= this.#heldSinceMs + holdMs ||
      now >= (this.#blockedSinceMs ?? now) + waitsMs;
    if (!isRefused && !isOver) return;
    // A caller who is told to come again later finds what was loaded meanwhile.
    if (isAwaited && this.#calledMs !== undefined) await this.#requestLoad(model);
    throw nobodyAnswers(node, model, this.#failed);
  }

  /** One that is loaded anew may come back with the room that all others lack. */
  #refuseForRoom(): void {
    const [most] = [...this.#lacking.values()].sort((a, b) => b.contextLength - a.contextLength);
    const others = [...this.#serving().map(keyOf), ...this.#retired];
    if (most === undefined || others.some((key) => !this.#lacking.has(key))) return;
    throw new RefusedError({ kind: "bad-body", reason: most.reason, param: ROOM_PARAM });
  }

  /** A caller that leaves the choice to the node was given one already, if its instance has failed. */
  async #requestLoad(model: string | null, forMs?: number): Promise<boolean> {
    const { node, signal } = this.#options;
    const wanted = model ?? this.#failed?.id;
    if (wanted === undefined || !await node.requestLoad(wanted, { signal, forMs })) return false;
    this.#calledMs = performance.now();
    return true;
  }
}

function keyOf({ host, model, fingerprint }: GatewayInstance): string {
  return `${host} ${fingerprint} ${model}`;
}

/** A machine that is lost again and again is one machine. */
function describeEnds(hosts: readonly string[]): string {
  const machines = new Set(hosts).size;
  if (machines === hosts.length) return `${machines} machines were lost while they answered`;
  return `${hosts.length} times the model ended while it answered, on ${machines} ` +
    (machines === 1 ? "machine" : "machines");
}

/** The id of the one model that a caller asks for. */
function idOf(node: GatewayNode, asked: string | null): string | undefined {
  const meaning = asked === null ? undefined : node.meaning(asked);
  return meaning?.kind === "one" ? meaning.model.id : undefined;
}

/** The error where a caller's word may stand for several models. */
function severalOf(node: GatewayNode, model: string | null): RefusedError | undefined {
  const meaning = model === null ? undefined : node.meaning(model);
  if (model === null || meaning?.kind !== "several") return undefined;
  const ids = meaning.models.map(({ id }) => id);
  return new RefusedError({ kind: "ambiguous-model", model, ids });
}

function isSameModel(a: GatewayInstance, b: GatewayInstance): boolean {
  return a.model === b.model && a.fingerprint === b.fingerprint;
}

/** The obstacle to the model, or to any model if the caller leaves the choice to the node. */
function obstacleOf(node: GatewayNode, model: string | null): Obstacle | undefined {
  const obstacles = node.obstacles();
  if (model === null) return node.coming().length > 0 ? undefined : obstacles[0];
  return obstacles.find((one) => one.model === model);
}

function mayCome(node: GatewayNode, model: string | null): boolean {
  const coming = node.coming();
  return model === null ? coming.length > 0 : coming.includes(model);
}

/** A table that can't be fetched leaves the gateway with what it knows. */
export async function refresh(
  node: GatewayNode,
  signal: AbortSignal,
  logger: Logger,
  level: "warn" | "debug" = "warn",
): Promise<void> {
  try {
    await node.refresh(signal);
  } catch (error) {
    signal.throwIfAborted();
    logger[level]("Could not refresh what the mesh serves: {error}", { error });
  }
}

/**
 * The error for a caller when no instance is left to ask.
 * @param asked a caller's word, or an id
 */
export function nobodyAnswers(
  node: GatewayNode,
  asked: string | null,
  failed?: GatewayInstance,
): RefusedError {
  const several = severalOf(node, asked);
  if (several !== undefined) return several;
  const model = idOf(node, asked) ?? asked;
  const obstacle = mayCome(node, model) ? undefined : obstacleOf(node, model);
  if (obstacle !== undefined) return new RefusedError({ kind: "obstacle", obstacle });
  if (failed !== undefined) return new RefusedError({ kind: "unreachable", model: failed.id });
  if (!node.knowsMesh && model !== null) return new RefusedError({ kind: "unreachable", model });
  if (model === null || model === node.ownModel || mayCome(node, model)) {
    return new RefusedError({ kind: "not-warm", model });
  }
  return new RefusedError({ kind: "unknown-model", model, warm: warmIds(node.warm()) });
}
