/** Requests without a pause while something happens to the nodes. */

import { HOLD_MS } from "../../src/api/base/defaults.ts";
import answers from "../support/guide_answers.json" with { type: "json" };
import type { NodeProcess } from "../support/node_process.ts";

/** Longer than a gateway lets a request wait for its model, and than an answer takes after that. */
const HANGS_AFTER_MS = HOLD_MS + 30_000;

export interface Requests {
  /** Resolves once each node has answered for each model what it was asked from now on. */
  cycle(): Promise<void>;
  /** Lets the last ones end. Failures are what was not answered to the letter. */
  stop(): Promise<{ readonly answered: number; readonly failures: readonly string[] }>;
}

/** Each node is asked for one model after the other, streamed and whole, with questions that lead to different hosts. */
export function keepAsking(nodes: readonly NodeProcess[], models: readonly string[]): Requests {
  const askers = nodes.map((node, index) => new Asker(node, models, index));
  return {
    async cycle() {
      await Promise.all(askers.map((asker) => asker.cycle()));
    },
    async stop() {
      await Promise.all(askers.map((asker) => asker.stop()));
      return {
        answered: askers.reduce((sum, { count }) => sum + count, 0),
        failures: askers.flatMap(({ failures }) => failures),
      };
    },
  };
}

const QUESTIONS = Object.entries(answers);

class Asker {
  readonly failures: string[] = [];
  /** Requests that have ended. */
  count = 0;
  readonly #node: NodeProcess;
  readonly #models: readonly string[];
  readonly #first: number;
  readonly #waiting = new Map<() => void, number>();
  readonly #ended: Promise<void>;
  #stopped = false;

  constructor(node: NodeProcess, models: readonly string[], first: number) {
    this.#node = node;
    this.#models = models;
    this.#first = first;
    this.#ended = this.#run();
  }

  cycle(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    // The one under way was asked before.
    this.#waiting.set(resolve, this.count + 1 + this.#models.length);
    return promise;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#ended;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      await this.#ask(this.#first + this.count);
      this.count++;
      for (const [resolve, count] of this.#waiting) if (count <= this.count) resolve();
    }
  }

  async #ask(number: number): Promise<void> {
    const model = this.#models[number % this.#models.length]!;
    const [question, answer] = QUESTIONS[number % QUESTIONS.length]!;
    const signal = AbortSignal.timeout(HANGS_AFTER_MS);
    const options = { model, stream: number % 2 === 0, signal };
    const failure = await this.#node.chat(question, options).then(
      (text) => text === answer ? null : `a wrong answer: ${text}`,
      String,
    );
    if (failure !== null) this.failures.push(`${this.#node.name}, ${model}: ${failure}`);
  }
}
