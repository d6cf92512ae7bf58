import { reasonOf } from "../../base/as_error.ts";
import type { Logger } from "@logtape/logtape";
import { llamaServerArguments, rpcServerArguments } from "./arguments.ts";
import type { ChildFile } from "./child_file.ts";
import { Lines, LoadProgress } from "../output/child_output.ts";
import { DISK_PATIENCE_MS } from "../base/defaults.ts";
import { CauseLines } from "../output/exit_cause.ts";
import { PlacedLines } from "../output/placed_lines.ts";
import { finishesWithin } from "../../base/finishes_within.ts";
import { freePort } from "./free_port.ts";
import { untilFrozen } from "../health/freeze_watch.ts";
import { type GuardedChild, spawnGuarded } from "./guard.ts";
import { acceptsConnections, isHealthy, waitUntil } from "../health/health.ts";
import { identify, type ProcessIdentity } from "./process_identity.ts";
import type { RotatedLog } from "../output/rotated_log.ts";
import { endProcess } from "./stale.ts";
import type { Engine, ExitCause, PlacedModel, ServerSpec, Threads } from "../base/types.ts";

export interface ChildParts {
  readonly engine: Engine;
  readonly threads: Threads;
  readonly logger: Logger;
  readonly log: RotatedLog;
  readonly children: ChildFile;
  /** Whether other servers of this node run. */
  readonly hasNeighbours: () => boolean;
  readonly now: () => number;
}

export interface ChildEvents {
  readonly onHealthy: (port: number) => void;
  readonly onProgress: (fraction: number) => void;
  /** Called when `placed` is another one. */
  readonly onPlaced: () => void;
  /** Called once where the process lives and does nothing any more. It is for the caller to end it. */
  readonly onFrozen: (reason: string) => void;
}

export interface ChildExit {
  /** `null` where it never ran. */
  readonly exitCode: number | null;
  readonly cause: ExitCause;
}

/** One server process from its start to its end. */
export class ChildRun {
  /** Never rejects. */
  readonly exit: Promise<ChildExit>;
  readonly #spec: ServerSpec;
  readonly #parts: ChildParts;
  readonly #events: ChildEvents;
  readonly #trouble = new CauseLines();
  readonly #placed = new PlacedLines();
  readonly #lines: { readonly stdout: Lines; readonly stderr: Lines };
  /** Whole ones that are to be written to the log. */
  #unwritten: string[] = [];
  #child: GuardedChild | null = null;
  #identity: ProcessIdentity | null = null;
  #wasHealthy = false;

  constructor(spec: ServerSpec, apiKey: string | null, parts: ChildParts, events: ChildEvents) {
    this.#spec = spec;
    this.#parts = parts;
    this.#events = events;
    const onLine = (line: string) => this.#onLine(line);
    this.#lines = { stdout: new Lines(onLine), stderr: new Lines(onLine) };
    this.exit = this.#run(apiKey);
  }

  get placed(): PlacedModel | null {
    return this.#placed.placed;
  }

  get pid(): number | null {
    return this.#identity?.pid ?? null;
  }

  terminate(): void {
    this.#child?.terminate();
  }

  kill(): void {
    this.#child?.kill();
  }

  async #run(apiKey: string | null): Promise<ChildExit> {
    try {
      const exitCode = await this.#runToEnd(apiKey);
      this.#lines.stdout.end();
      this.#lines.stderr.end();
      await this.#writeLines();
      return { exitCode, cause: this.#trouble.cause(exitCode) };
    } catch (error) {
      this.#trouble.add(`error: ${reasonOf(error)}`);
      return { exitCode: null, cause: this.#trouble.cause(null) };
    }
  }

  async #runToEnd(apiKey: string | null): Promise<number> {
    const port = freePort();
    const child = this.#spawn(port, apiKey);
    this.#child = child;
    const ended = new AbortController();
    const recording = this.#record(child);
    const watching = Promise.all([
      this.#watchHealth(port, ended.signal),
      this.#watchForFreeze(port, ended.signal),
    ]);
    const exitCode = await child.exitCode;
    ended.abort();
    await Promise.all([recording, watching]);
    await this.#endOrphan();
    await this.#forget();
    return exitCode;
  }

  #spawn(port: number, apiKey: string | null): GuardedChild {
    const { engine, now } = this.#parts;
    const progress = new LoadProgress();
    const command = this.#spec.kind === "llama-server" ? engine.llamaServer : engine.rpcServer;
    const args = this.#arguments(port);
    this.#unwritten.push(`[${new Date(now()).toISOString()}] ${[command, ...args].join(" ")}`);
    void this.#writeLines();
    return spawnGuarded({
      command,
      args,
      env: environment(this.#spec, apiKey, this.#parts.hasNeighbours()),
      onOutput: (from, bytes) => {
        this.#lines[from].add(bytes);
        progress.add(bytes);
        this.#events.onProgress(progress.fraction);
        return this.#writeLines();
      },
      onUnwatched: () => this.#endUnwatched(),
    });
  }

  #onLine(line: string): void {
    this.#parts.logger.debug("{server}: {line}", { server: this.#spec.kind, line });
    this.#trouble.add(line);
    if (this.#trouble.isUseless) this.kill();
    if (this.#placed.add(line)) this.#events.onPlaced();
    this.#unwritten.push(line);
  }

  #arguments(port: number): string[] {
    const { engine, threads } = this.#parts;
    return this.#spec.kind === "llama-server"
      ? llamaServerArguments(this.#spec, engine, {
        port,
        threads: threads.isFewer ? threads.count : null,
        isVerbosityTold: Deno.env.has("LLAMA_ARG_LOG_VERBOSITY"),
      })
      : rpcServerArguments(this.#spec, engine, { port, threads: threads.count });
  }

  async #watchHealth(port: number, ended: AbortSignal): Promise<void> {
    const check = this.#spec.kind === "llama-server" ? isHealthy : acceptsConnections;
    try {
      await waitUntil(() => check(port), ended);
    } catch {
      return; // it ended first
    }
    this.#trouble.clear();
    this.#wasHealthy = true;
    this.#events.onHealthy(port);
  }

  async #watchForFreeze(port: number, signal: AbortSignal): Promise<void> {
    const reason = await untilFrozen({
      pid: () => this.pid,
      healthPort: this.#spec.kind === "llama-server" ? port : null,
      isReady: () => this.#wasHealthy,
      signal,
    });
    if (reason !== null) this.#events.onFrozen(reason);
  }

  /** Without a record the next run would not know the child; this one still does. */
  async #record(child: GuardedChild): Promise<void> {
    const pid = await child.pid;
    const identity = pid === null ? undefined : await identify(pid);
    if (identity === undefined) return;
    this.#identity = identity;
    const adding = this.#parts.children.add({ ...identity, name: this.#spec.kind });
    await finishesWithin(adding, DISK_PATIENCE_MS).catch((error) =>
      this.#warn("Could not keep the pid of {server}: {reason}", error)
    );
  }

  /** Without its guard it would outlive a node that is killed. Its successor gets a guard of its own. */
  #endUnwatched(): void {
    this.#parts.logger.warn("The guard of {server} was killed: {server} is ended as well", {
      server: this.#spec.kind,
    });
    this.terminate();
  }

  /** If the whole guard was killed, its end is not the child's: memory and port are free only without the child. */
  async #endOrphan(): Promise<void> {
    if (this.#identity === null || !await endProcess(this.#identity)) return;
    this.#parts.logger.warn("The guard of {server} was killed: {server} was ended as well", {
      server: this.#spec.kind,
    });
  }

  async #forget(): Promise<void> {
    const identity = this.#identity;
    this.#identity = null;
    if (identity === null) return;
    const removing = this.#parts.children.remove(identity.pid);
    await finishesWithin(removing, DISK_PATIENCE_MS).catch((error) =>
      this.#warn("Could not strike the pid of {server} out: {reason}", error)
    );
  }

  /**
   * Servers of one kind share a log, so each line says for which model it is. A disk that is full or hangs must not stop a
   * server that works.
   */
  async #writeLines(): Promise<void> {
    const { modelName, label = modelName } = this.#spec;
    const prefix = label === undefined ? "" : `${label}: `;
    const text = this.#unwritten.map((line) => `${prefix}${line}\n`).join("");
    this.#unwritten = [];
    if (text === "") return;
    await this.#parts.log.write(new TextEncoder().encode(text)).catch((error) =>
      this.#warn("Could not write the log of {server}: {reason}", error)
    );
  }

  #warn(message: string, error: unknown): void {
    this.#parts.logger.warn(message, { server: this.#spec.kind, reason: reasonOf(error) });
  }
}

function environment(
  spec: ServerSpec,
  apiKey: string | null,
  hasNeighbours: boolean,
): Record<string, string> {
  const splits = spec.kind === "rpc-server" || spec.split.length > 0;
  return {
    // An aborting llama.cpp would first start a debugger for its stack trace, which takes seconds.
    GGML_NO_BACKTRACE: "1",
    // The processes of a split take turns. If two of them share a machine, as on a host without a GPU, threads that
    // wait by spinning take the cores from the one whose turn it is: the guide made 12 tokens a second instead of 430.
    // Two models that are asked at one time do the same to each other: both spinning, they made 5 to 100 tokens a second
    // together on 2 cores. It is enough that the later one does not: 107, and the first is as fast as alone.
    ...(splits || hasNeighbours ? { OMP_WAIT_POLICY: "passive" } : {}),
    ...(apiKey === null ? {} : { LLAMA_API_KEY: apiKey }),
  };
}
