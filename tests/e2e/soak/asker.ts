import answers from "../../support/guide_answers.json" with { type: "json" };
import { ask } from "./ask.ts";
import type { Faults } from "./faults.ts";
import { judge, type Outcome } from "./judge.ts";
import { seconds } from "./schedule.ts";
import type { SoakNode } from "./soak_node.ts";

/** More would tell nothing new. */
const MOST_FAILURES = 10;

const QUESTIONS = Object.entries(answers);

export interface AskerOptions {
  readonly node: SoakNode;
  readonly models: readonly string[];
  readonly faults: Faults;
  /** `performance.now` at the start of the soak. */
  readonly startedMs: number;
  readonly limitMs: number;
}

/** Asks one node without a pause, for one model after the other, streamed and whole, as long as it is there. */
export class Asker {
  readonly failures: string[] = [];
  /** How often requests ended in each way. */
  readonly counts: Record<string, number> = {};
  readonly #options: AskerOptions;
  #number: number;
  #stopped = false;
  readonly #ended: Promise<void>;

  constructor(options: AskerOptions, first: number) {
    this.#options = options;
    this.#number = first;
    this.#ended = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#ended;
  }

  async #run(): Promise<void> {
    while (!this.#stopped && this.failures.length < MOST_FAILURES) {
      await this.#options.node.up();
      await this.#askOnce(this.#number++);
    }
  }

  async #askOnce(number: number): Promise<void> {
    const { node, models, faults, startedMs, limitMs } = this.#options;
    const { api } = node;
    if (api === null) return;
    const model = models[number % models.length]!;
    const [question, expected] = QUESTIONS[number % QUESTIONS.length]!;
    const stream = Math.floor(number / models.length) % 2 === 0;
    const fromMs = performance.now();
    const outcome = await ask(api, { model, question, stream, limitMs });
    const wrong = judge(outcome, {
      expected,
      entryWasDown: node.wasDownSince(fromMs),
      mayBeMissing: faults.mayBeMissing(fromMs, performance.now()),
    });
    const way = wayOf(outcome);
    this.counts[way] = (this.counts[way] ?? 0) + 1;
    if (wrong === null) return;
    const times = `${seconds(fromMs - startedMs)} to ${seconds(performance.now() - startedMs)}`;
    const how = stream ? "streamed" : "whole";
    this.failures.push(`${times}, ${node.actor.name} asked for ${model}, ${how}: ${wrong}`);
  }
}

function wayOf(outcome: Outcome): string {
  const body = outcome.kind === "refused"
    ? outcome.body
    : outcome.kind === "error-event"
    ? outcome.data
    : null;
  return body === null ? outcome.kind : /"code":"(\w+)"/.exec(body)?.[1] ?? outcome.kind;
}
