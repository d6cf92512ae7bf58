import { isFinal } from "../../src/api/mod.ts";
import { HELD_CHECK_MS, LOAD_LEASE_MS, LOAD_RENEWAL_MS } from "../../src/api/base/defaults.ts";
import type { Announcement } from "../../src/mesh/base/announcement.ts";
import { buildRoutingTable } from "../../src/mesh/routes/routing_table.ts";
import type { ModelRef } from "../../src/mesh/mod.ts";
import { isRunning } from "../../src/node/plan/assignment/running.ts";
import { sameModel } from "../../src/node/plan/view.ts";
import { prospectsOf } from "../../src/node/plan/prospects.ts";
import type { SimNode } from "./sim_node.ts";
import type { SimServer } from "./sim_server.ts";
import type { World } from "./world.ts";

/** One request, from when somebody asks to the end of its answer. */
interface Call {
  readonly model: string;
  /** The node that is asked; while it is off, the first one that is not. */
  readonly at: number;
  readonly answerMs: number;
  /** It gives up when it has waited so long. */
  readonly patienceMs: number;
  readonly answered: () => void;
  /** Since when it waits for its answer to begin. */
  sinceMs: number;
  /** When a load was last asked for. */
  calledMs: number | null;
  isLate: boolean;
}

export interface CallersOptions {
  /** A request for the model waits this long at most while nothing goes wrong; `null` where it fits nowhere. */
  readonly limitMs: (model: string) => number | null;
  /** Names that users want, whoever asks for them. */
  readonly meant: ReadonlySet<string>;
  /** How long the mesh takes to find out what has gone wrong. */
  readonly detectionMs: number;
}

/** A model that is asked for no more is wanted for a while, and news of its end reach everybody within it. */
const HEARD_MS = LOAD_LEASE_MS + 5_000;

/** As long as a gateway holds a request at most. */
const REFUSED_MS = 120_000;

/** How often it is looked what is loaded. */
const LOOK_MS = 500;

/** The callers of a mesh, as the gateways of its nodes hold their requests; what must never happen to them is told. */
export class Callers {
  readonly #world: World;
  readonly #options: CallersOptions;
  readonly #open = new Set<Call>();
  /** Those of them whose answers have not begun. */
  readonly #waiting = new Set<Call>();
  /** By name: when somebody has last waited for it. */
  readonly #askedMs = new Map<string, number>();
  /** The models that nodes served or loaded at the last look. */
  #had: ReadonlySet<string> = new Set();
  /** The models of users that answered on their machines at the last look. */
  #pinned: ReadonlySet<string> = new Set();
  #calmFromMs = 0;

  constructor(world: World, options: CallersOptions) {
    this.#world = world;
    this.#options = options;
    this.#watch();
  }

  /** The names of the models that somebody has still to be answered by. */
  get asked(): ReadonlySet<string> {
    return new Set([...this.#open].map(({ model }) => model));
  }

  /** When anybody has last waited for any model. */
  get lastAskedMs(): number {
    return Math.max(-Infinity, ...this.#askedMs.values());
  }

  /** Something goes wrong now. */
  disturbed(): void {
    this.#calmFromMs = this.#world.time.now + this.#options.detectionMs;
  }

  ask(
    request: Pick<Call, "model" | "at" | "answerMs" | "patienceMs">,
    answered = () => {},
  ): void {
    const call = { ...request, answered, sinceMs: 0, calledMs: null, isLate: false };
    this.#open.add(call);
    this.#wait(call);
  }

  #wait(call: Call): void {
    call.sinceMs = this.#world.time.now;
    call.calledMs = null;
    this.#waiting.add(call);
    this.#look(call);
  }

  /** As `InstanceSearch` does: an instance that is warm, else one that is to come, else a load is asked for. */
  #look(call: Call): void {
    const { nodes, living, moves, time } = this.#world;
    moves.reason();
    if (time.now - call.sinceMs >= call.patienceMs) return this.#giveUp(call);
    this.#askedMs.set(call.model, this.#world.time.now);
    this.#checkTime(call);
    if (this.#givesUp(call)) {
      this.#end(call);
      return;
    }
    const asked = nodes[call.at] as SimNode;
    const node = asked.running ? asked : living[0];
    if (node !== undefined) node.whenAwake(() => this.#search(call, node));
    else this.#again(call);
  }

  #giveUp(call: Call): void {
    this.#waiting.delete(call);
    this.#open.delete(call);
    // It is wanted for a moment longer.
    const { time, moves } = this.#world;
    time.at(time.now + LOAD_LEASE_MS, () => moves.reason());
    call.answered();
  }

  #search(call: Call, node: SimNode): void {
    const { members, own } = node.member.view;
    const all = own === undefined ? members : [own, ...members];
    const warm = all.flatMap(({ peer, instances }) =>
      instances.filter(({ model, state }) => model.name === call.model && state === "warm")
        .map(({ model }) => ({ peer, model }))
    );
    if (warm.length === 0) {
      this.#hold(call, node, all);
      return;
    }
    const { network, peers, random, time } = this.#world;
    const { peer, model } = random.pick(warm);
    const host = peers.get(peer) as SimNode;
    time.at(time.now + network.delayMs(node, host), () => {
      host.whenAwake(() => void this.#ask(call, host, model));
    });
  }

  #hold(call: Call, { running, serving }: SimNode, members: readonly Announcement[]): void {
    const { coming, obstacles } = prospectsOf(buildRoutingTable(members));
    const obstacle = obstacles.find(({ model }) => model === call.model);
    const isAwaited = coming.includes(call.model) || (obstacle !== undefined && !isFinal(obstacle));
    const { now } = this.#world.time;
    const isDue = call.calledMs !== null && now >= call.calledMs + LOAD_RENEWAL_MS;
    const isCalled = running && (!isAwaited || isDue) &&
      serving?.requestLoad(call.model, LOAD_LEASE_MS);
    if (isCalled) call.calledMs = now;
    this.#again(call);
  }

  #again(call: Call): void {
    const { time } = this.#world;
    time.at(time.now + HELD_CHECK_MS, () => this.#look(call));
  }

  async #ask(call: Call, host: SimNode, model: ModelRef): Promise<void> {
    const ended = new AbortController();
    const { serving } = host;
    const { time } = this.#world;
    const machines = [host, ...this.#workersOf(host, model)].map((node) => ({
      node,
      life: node.life,
    }));
    // One that has only just come back may be taken for dead.
    const knows = (node: SimNode, other: SimNode) =>
      node === other || node.member.view.members.some(({ peer }) => peer === other.peer);
    const isKnown = (node: SimNode) => knows(host, node) && knows(node, host);
    const isGone = () =>
      machines.some(({ node, life }) =>
        !node.running || node.life !== life || !isKnown(node) ||
        (node !== host && node.serving?.isStopping === true)
      );
    const watch = () => {
      if (isGone()) ended.abort(new Error("Its machine is gone"));
      else if (this.#waiting.has(call)) time.at(time.now + HELD_CHECK_MS, watch);
    };
    watch();
    const server = await serving?.begin(model, ended.signal).catch(() => null) ?? null;
    if (server !== null && !isGone()) return this.#begun(call, { host, server, ended, isGone });
    ended.abort(new Error("Nobody answers"));
    this.#again(call);
  }

  /** Whose end ends its answers too. */
  #workersOf(host: SimNode, model: ModelRef): SimNode[] {
    const plans = host.serving?.jobs.map(({ plan }) => plan) ?? [];
    return plans.flatMap((plan) =>
      plan.kind === "host" && sameModel(plan.model, model)
        ? plan.workers.flatMap(({ peer }) => this.#world.peers.get(peer) ?? [])
        : []
    );
  }

  #begun(call: Call, { host, server, ended, isGone }: Answering): void {
    const { time, violations } = this.#world;
    this.#waiting.delete(call);
    const { serving } = host;
    const unsubscribe = server.subscribe(({ kind }) => {
      if ((kind !== "stopped" && kind !== "failed") || isGone() || serving?.isStopping) return;
      violations.push(`${host.name} cuts an answer of ${call.model} at ${Math.round(time.now)} ms`);
    });
    time.at(time.now + call.answerMs, () => {
      unsubscribe();
      ended.abort(new Error("It is answered"));
      this.#world.moves.reason();
      if (isGone() || serving?.isStopping) return this.#wait(call);
      this.#end(call);
    });
  }

  /** A request for a model that fits nowhere is refused in the end. */
  #givesUp(call: Call): boolean {
    return this.#options.limitMs(call.model) === null &&
      this.#world.time.now - call.sinceMs > REFUSED_MS;
  }

  #end(call: Call): void {
    this.#waiting.delete(call);
    this.#open.delete(call);
    call.answered();
  }

  #checkTime(call: Call): void {
    const { time, violations } = this.#world;
    const waitedMs = time.now - Math.max(call.sinceMs, this.#calmFromMs);
    const limitMs = this.#options.limitMs(call.model);
    if (call.isLate || limitMs === null || waitedMs <= limitMs) return;
    call.isLate = true;
    violations.push(
      `a caller of ${call.model} has waited ${Math.round(waitedMs)} ms at ${
        Math.round(time.now)
      } ms`,
    );
  }

  #watch(): void {
    this.#checkTaken();
    this.#checkPinned();
    this.#world.time.at(this.#world.time.now + LOOK_MS, () => this.#watch());
  }

  /** A model that its user named for a machine goes on there, whatever else is asked for. */
  #checkPinned(): void {
    const { living, time, violations } = this.#world;
    const warm = new Set<string>();
    for (const { life, name, member: { view: { own } }, serving, setup: { told } } of living) {
      if (told === null || serving?.isStopping) continue;
      const key = `${name} ${life} ${told.name}`;
      if (own?.instances.some(({ model, state }) => model.name === told.name && state === "warm")) {
        warm.add(key);
      } else if (this.#pinned.has(key)) {
        violations.push(`${name} gives up ${told.name} at ${Math.round(time.now)} ms`);
      }
    }
    this.#pinned = warm;
  }

  /** A model that is taken for a request is asked for. */
  #checkTaken(): void {
    const { living, time, violations } = this.#world;
    const had = new Set<string>();
    for (const { name, member: { view: { own } } } of living) {
      for (const { model } of own?.instances.filter(isRunning) ?? []) {
        const key = `${name} ${model.name}`;
        had.add(key);
        if (this.#had.has(key) || this.#options.meant.has(model.name)) continue;
        const reason = own?.claims.find((one) => one.model === model.name)?.reason;
        const agoMs = time.now - (this.#askedMs.get(model.name) ?? -Infinity);
        if (reason !== "unserved" || agoMs <= HEARD_MS) continue;
        violations.push(
          `${name} takes ${model.name} at ${Math.round(time.now)} ms, and nobody asks for it`,
        );
      }
    }
    this.#had = had;
  }
}

interface Answering {
  readonly host: SimNode;
  readonly server: SimServer;
  readonly ended: AbortController;
  readonly isGone: () => boolean;
}
