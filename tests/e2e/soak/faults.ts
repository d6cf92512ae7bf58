import { setTimeout as delay } from "node:timers/promises";
import { describeFault, type Fault } from "./schedule.ts";
import type { SoakNode } from "./soak_node.ts";

/** After the end of one by which a model may have been served nowhere, until it is served again at the latest. */
const MISSING_MS = 20_000;

/** Does what the schedule says, at its time. */
export class Faults {
  readonly #nodes: readonly SoakNode[];
  /** Whether a user has taken a model away, by when it may be missing, in `performance.now`. */
  readonly #missing: { readonly fromMs: number; untilMs: number }[] = [];
  readonly failures: string[] = [];
  /** By node: the end of what is done to it. A start takes as long as it takes, and what comes next waits for it. */
  readonly #turns = new Map<string, Promise<void>>();

  constructor(nodes: readonly SoakNode[]) {
    this.#nodes = nodes;
  }

  /** Resolves when all is as it was before the first. */
  async run(schedule: readonly Fault[]): Promise<void> {
    const startedMs = performance.now();
    await Promise.all(schedule.map(async (fault) => {
      await delay(fault.atMs - (performance.now() - startedMs));
      await this.#inTurn(fault);
    }));
  }

  async #inTurn(fault: Fault): Promise<void> {
    const names = this.#nodes.map(({ actor }) => actor.name)
      .filter((name) => fault.actor === null || fault.actor === name);
    const turn = Promise.all(names.map((name) => this.#turns.get(name)))
      .then(() => this.#happen(fault))
      .catch((error) => {
        this.failures.push(`${describeFault(fault)}: ${error?.message ?? error}`);
      });
    for (const name of names) this.#turns.set(name, turn);
    await turn;
  }

  mayBeMissing(fromMs: number, untilMs: number): boolean {
    return this.#missing.some((one) => one.fromMs <= untilMs && fromMs <= one.untilMs);
  }

  async #happen(fault: Fault): Promise<void> {
    const { kind, forMs, actor } = fault;
    if (kind === "restart-all") {
      await Promise.all(this.#nodes.map((node) => node.stop()));
      await Promise.all(this.#nodes.map((node) => node.start()));
      return;
    }
    const node = this.#nodes.find((one) => one.actor.name === actor);
    if (node === undefined) throw new Error(`There is no ${actor}`);
    switch (kind) {
      case "kill":
      case "restart":
        await (kind === "kill" ? node.kill() : node.stop());
        await delay(forMs);
        return await node.start();
      case "pause":
        node.process.kill("SIGSTOP");
        await delay(forMs);
        return node.process.kill("SIGCONT");
      case "crash":
        return await signalServers(node, "SIGKILL");
      case "freeze":
        await signalServers(node, "SIGSTOP");
        await delay(forMs);
        return await signalServers(node, "SIGCONT");
      case "fill":
        await node.disk?.fill();
        await signalServers(node, "SIGKILL");
        await delay(forMs);
        return await node.disk?.free();
      case "drop":
      case "switch":
        return await this.#switch(node, fault);
    }
  }

  async #switch(node: SoakNode, { kind, model, forMs }: Fault): Promise<void> {
    const own = node.actor.model;
    const missing = { fromMs: performance.now(), untilMs: Infinity };
    this.#missing.push(missing);
    try {
      await node.post(kind === "drop" ? `${own}/drop` : `${model}/serve`);
      await delay(forMs);
      await node.post(`${own}/serve`);
    } finally {
      missing.untilMs = performance.now() + MISSING_MS;
    }
  }
}

/** One that was started since is left alone by SIGCONT, and a signal that comes too late hits nobody. */
async function signalServers(node: SoakNode, signal: Deno.Signal): Promise<void> {
  for (const pid of await node.servers()) {
    try {
      Deno.kill(pid, signal);
    } catch {
      // It has ended meanwhile.
    }
  }
}
