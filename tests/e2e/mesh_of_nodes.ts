/** Helpers of the end-to-end tests: real nodes on this machine, with real llama.cpp. */

import assert from "node:assert/strict";
import type { Status } from "../../src/api/mod.ts";
import answers from "../support/guide_answers.json" with { type: "json" };
import { engineOrReason } from "../support/engine.ts";
import { type NodeProcess, startNode, type StartNodeOptions } from "../support/node_process.ts";

export const QUESTION = "what is a mesh?";

export function answerTo(question: keyof typeof answers): string {
  return answers[question];
}

const found = await engineOrReason();

/** A test with real nodes; ignored, with the reason in its name, where there is no llama.cpp. */
export function nodeTest(name: string, fn: () => Promise<void>): void {
  if (found.engine === null) Deno.test.ignore(`${name} (${found.reason})`, fn);
  else Deno.test(name, fn);
}

/** Several llama.cpp processes share the cores here, and their threads wait for each other by spinning. */
const CROWDED = { LLAMA_ARG_THREADS: "1", OMP_WAIT_POLICY: "passive" };

/** Names the tests' llama.cpp. */
export const binDirOption: readonly string[] = found.engine === null
  ? []
  : ["--bin-dir", found.binDir];

/** A node that uses the tests' llama.cpp. */
export function startServing(args: readonly string[], options: StartNodeOptions = {}) {
  return startNode({
    ...options,
    args: [...args, ...binDirOption],
    env: { ...CROWDED, ...options.env },
  });
}

/**
 * Waits until the node's status is as wanted, over its event stream.
 * @throws with the last status after 60 s, or the time that is given.
 */
export async function until(
  node: Pick<NodeProcess, "name" | "ready" | "lines">,
  description: string,
  wanted: (status: Status) => boolean,
  timeoutMs = 60_000,
): Promise<Status> {
  const limit = AbortSignal.timeout(timeoutMs);
  let last: Status | undefined;
  try {
    for await (const status of statuses(node, limit)) {
      last = status;
      if (wanted(status)) return status;
    }
  } catch (error) {
    if (!limit.aborted) throw error;
  }
  const lines = node.lines.slice(-15).map((line) => JSON.stringify(line)).join("\n");
  throw new Error(`${node.name}: not ${description}\n${JSON.stringify(last, null, 1)}\n${lines}`);
}

/** The node's statuses whenever something changes, the present one first. */
export async function* statuses(
  node: Pick<NodeProcess, "ready">,
  signal: AbortSignal,
): AsyncGenerator<Status> {
  const response = await fetch(`${node.ready.console}/api/events`, { signal });
  assert.ok(response.body !== null);
  const texts = response.body.pipeThrough(new TextDecoderStream()).getReader();
  // By hand: Deno may lose the signal of a fetch once its head has come.
  const cancel = () => void texts.cancel(signal.reason).catch(() => {});
  signal.addEventListener("abort", cancel);
  try {
    let rest = "";
    for (let next = await texts.read(); !next.done; next = await texts.read()) {
      const events = (rest + next.value).split("\n\n");
      rest = events.pop() ?? "";
      for (const event of events) {
        const data = /^data: (.*)$/m.exec(event)?.[1];
        if (/^event: status$/m.test(event) && data !== undefined) yield JSON.parse(data);
      }
    }
    signal.throwIfAborted();
  } finally {
    signal.removeEventListener("abort", cancel);
    cancel();
  }
}

/** Whether the model is warm as the node sees it, in the mode that is asked for. */
export function warm(model: string, mode?: "solo" | "split") {
  return ({ models }: Status) =>
    models.some((one) =>
      one.name === model && one.state === "warm" && (mode === undefined || one.mode === mode)
    );
}

/** Both ways of asking give the guide's answer to the letter. */
export async function answersExactly(node: NodeProcess, model = "guide"): Promise<void> {
  assert.equal(await node.chat(QUESTION, { model }), answerTo(QUESTION));
  assert.equal(await node.chat("hello", { model, stream: true }), answerTo("hello"));
}
