/** Whether an engine that was just unpacked does its work on this machine. */

import { checkLoopback } from "../../base/loopback.ts";
import { FIRST_RUN_TIMEOUT_MS, LOOPBACK, STDERR_TAIL_BYTES } from "../base/defaults.ts";
import { EngineBrokenError, EngineInstallError, lastWords } from "../base/errors.ts";
import type { Backend, EngineBuild, Trial } from "../base/types.ts";
import { chooseDevices } from "../devices/choose_devices.ts";
import { withKind } from "../devices/device_kind.ts";
import { askBuild, listDevices } from "../devices/probe.ts";
import { isHealthy, waitUntil } from "../health/health.ts";
import { Tail } from "../output/child_output.ts";
import { freePort } from "../process/free_port.ts";
import { spawnGuarded } from "../process/guard.ts";
import { deviceFor } from "./backends.ts";
import { BUILDS } from "./builds.ts";

export interface TryOutOptions {
  readonly build: EngineBuild;
  /** `null`: that it runs is enough. */
  readonly trial: Trial | null;
  readonly signal?: AbortSignal | undefined;
  /** For all of it. @default {FIRST_RUN_TIMEOUT_MS} */
  readonly timeoutMs?: number | undefined;
}

export interface TriedEngine {
  /** llama.cpp's own number of its build. */
  readonly number: string;
  /** The device that answered; `null` where the CPU did. */
  readonly device: string | null;
}

/** It did not answer in time: a second attempt may be faster, for the system has looked at the files by then. */
export class TrialTimeoutError extends EngineInstallError {
  override name = "TrialTimeoutError";
  constructor(timeoutMs: number, options?: ErrorOptions) {
    super(
      `it gave no answer within ${
        timeoutMs / 1000
      } s; what was unpacked is kept for the next attempt`,
      options,
    );
  }
}

/** These builds are for a GPU only: without one they are no better than a smaller download. */
const NEEDS_DEVICE: ReadonlySet<Backend> = new Set(["cuda", "rocm"]);

/** @throws {EngineInstallError} with a clause that says what it does instead. */
export async function tryOut(llamaServer: string, options: TryOutOptions): Promise<TriedEngine> {
  const { build, trial, timeoutMs = FIRST_RUN_TIMEOUT_MS } = options;
  const limit = AbortSignal.timeout(timeoutMs);
  const signal = options.signal === undefined ? limit : AbortSignal.any([options.signal, limit]);
  try {
    const number = await askBuild(llamaServer, { signal, timeoutMs });
    if (trial === null) return { number, device: null };
    const device = await deviceOf(llamaServer, build, { signal, timeoutMs });
    await checkAnswer(llamaServer, { device, trial, signal });
    return { number, device };
  } catch (error) {
    options.signal?.throwIfAborted();
    if (limit.aborted) throw new TrialTimeoutError(timeoutMs, { cause: error });
    if (!(error instanceof EngineBrokenError)) throw error;
    throw new EngineInstallError(`it does not run on this machine, ${error.reason}`, {
      cause: error,
    });
  }
}

async function deviceOf(
  llamaServer: string,
  build: EngineBuild,
  limits: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<string | null> {
  const { backend, name } = BUILDS[build];
  const devices = backend === "cpu" ? [] : await listDevices(llamaServer, limits);
  // The one that a node would use, if it can be used now.
  const chosen = chooseDevices(devices.map((one) => withKind(one, new Map())), null).devices;
  const device = deviceFor(backend, [...chosen, ...devices]);
  if (device === undefined && NEEDS_DEVICE.has(backend)) {
    throw new EngineInstallError(`it finds no device for ${name} on this machine`);
  }
  return device?.name ?? null;
}

interface Question {
  readonly device: string | null;
  readonly trial: Trial;
  readonly signal: AbortSignal;
}

/** The guide is small and its answers are known to the letter: a driver that computes wrongly shows. */
async function checkAnswer(
  llamaServer: string,
  { device, trial, signal }: Question,
): Promise<void> {
  const where = device ?? "the CPU";
  await checkLoopback();
  const port = freePort();
  const stderr = new Tail(STDERR_TAIL_BYTES);
  const child = spawnGuarded({
    command: llamaServer,
    args: [
      ...["--model", trial.modelPath, "--host", LOOPBACK, "--port", String(port)],
      ...["--ctx-size", "2048", "--device", device ?? "none"],
      ...["--n-gpu-layers", device === null ? "0" : "99"],
    ],
    env: { GGML_NO_BACKTRACE: "1" },
    onOutput: (from, bytes) => {
      if (from === "stderr") stderr.add(bytes);
    },
  });
  const ended = new AbortController();
  const exit = child.exitCode.then((code) => {
    const reason = `it ends with code ${code} on ${where}${lastWords(stderr.text)}`;
    ended.abort(new EngineInstallError(reason));
  });
  const limit = AbortSignal.any([ended.signal, signal]);
  try {
    await waitUntil(() => isHealthy(port), limit);
    const answer = await ask(port, trial.question, limit);
    if (answer.trim() === trial.answer) return;
    throw new EngineInstallError(`its answers on ${where} are wrong`);
  } catch (error) {
    ended.signal.throwIfAborted();
    throw error;
  } finally {
    child.kill();
    await exit;
  }
}

async function ask(port: number, question: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(`http://${LOOPBACK}:${port}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", connection: "close" },
    body: JSON.stringify({
      messages: [{ role: "user", content: question }],
      temperature: 0,
      max_tokens: 128,
    }),
    signal,
  });
  // A refusal is an answer that is not the right one.
  const body = await response.json().catch(() => null);
  const content: unknown = body?.choices?.[0]?.message?.content;
  return typeof content === "string" ? content : "";
}
