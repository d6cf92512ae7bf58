import { reasonOf } from "../../base/as_error.ts";
import { type ChildParts, ChildRun } from "./child_run.ts";
import { KILL_PATIENCE_MS, STOP_GRACE_MS } from "../base/defaults.ts";
import { EngineExitedError, EngineStoppedError } from "../base/errors.ts";
import { Emitter } from "../../base/emitter.ts";
import { finishesWithin } from "../../base/finishes_within.ts";
import {
  INITIAL,
  type Lifecycle,
  type LifecycleEffect,
  type LifecycleEvent,
  step,
} from "./lifecycle.ts";
import type {
  LaunchOptions,
  ManagedServer,
  PlacedModel,
  ServerSpec,
  ServerState,
} from "../base/types.ts";

/** The parts that a server needs of its supervisor. */
export interface ServerParts extends ChildParts {
  readonly random: () => number;
  /** Called for each start after a crash. */
  readonly onRestart: () => void;
}

/** Does what `step` decides: nothing else starts or ends a child. */
export class GuardedServer implements ManagedServer {
  readonly apiKey: string | null;
  readonly #parts: ServerParts;
  readonly #options: LaunchOptions;
  readonly #states: Emitter<ServerState>;
  #lifecycle: Lifecycle = INITIAL;
  #run: ChildRun | null = null;
  #running: Promise<void> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #progress = 0;
  #freeze = new AbortController();

  constructor(readonly spec: ServerSpec, options: LaunchOptions, parts: ServerParts) {
    this.#options = options;
    this.#parts = parts;
    // A listener that fails must not keep the server from its next step.
    this.#states = new Emitter((error) =>
      parts.logger.error("A listener of {server} failed: {reason}", {
        server: spec.kind,
        reason: reasonOf(error),
      })
    );
    this.apiKey = spec.kind === "llama-server" ? randomKey() : null;
    this.#dispatch({ type: "start" });
  }

  get state(): ServerState {
    return this.#lifecycle.state;
  }

  get progress(): number {
    return this.state.kind === "ready" ? 1 : this.#progress;
  }

  get placed(): PlacedModel | null {
    return this.#run?.placed ?? null;
  }

  get pid(): number | null {
    return this.#run?.pid ?? null;
  }

  get frozen(): AbortSignal {
    return this.#freeze.signal;
  }

  subscribe(listener: (state: ServerState) => void): () => void {
    return this.#states.subscribe(listener);
  }

  async ready(signal?: AbortSignal): Promise<number> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const settle = (state: ServerState) => {
      if (state.kind === "ready") resolve(state.port);
      const reason = this.#neverReady(state);
      if (reason !== null) reject(reason);
    };
    const onAbort = () => reject(signal?.reason);
    const unsubscribe = this.subscribe(settle);
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      settle(this.state);
      return await promise;
    } finally {
      unsubscribe();
      signal?.removeEventListener("abort", onAbort);
    }
  }

  async stop(): Promise<void> {
    this.#dispatch({ type: "stop" });
    // If the system holds a process, it ends when the system lets it go.
    if (await finishesWithin(this.#running, STOP_GRACE_MS + KILL_PATIENCE_MS)) return;
    // Without a number where it was ended before it had said one.
    const which = this.pid === null ? this.spec.kind : `${this.spec.kind} (${this.pid})`;
    this.#parts.logger.warn("{which} does not end: the system holds it", { which });
  }

  #neverReady(state: ServerState): Error | null {
    if (state.kind === "failed" && state.retryAtMs === null) {
      return new EngineExitedError(this.spec.kind, state.exitCode, state.cause);
    }
    const stops = state.kind === "stopped" || state.kind === "stopping";
    return stops ? new EngineStoppedError(this.spec.kind) : null;
  }

  #dispatch(event: LifecycleEvent): void {
    const { lifecycle, effects } = step(this.#lifecycle, event, {
      nowMs: this.#parts.now(),
      random: this.#parts.random(),
      restart: this.#options.restart,
    });
    const changed = lifecycle.state !== this.state;
    // A timer belongs to the state that set it: backoff to `failed`, grace to `stopping`.
    if (changed) clearTimeout(this.#timer);
    this.#lifecycle = lifecycle;
    if (changed && lifecycle.state.kind === "frozen") {
      this.#freeze.abort(new Error(`${this.spec.kind} is frozen: ${lifecycle.state.reason}`));
    }
    for (const effect of effects) this.#perform(effect);
    if (changed) this.#states.emit(this.state);
  }

  #perform(effect: LifecycleEffect): void {
    switch (effect.type) {
      case "spawn":
        if (this.#lifecycle.crashes > 0) this.#parts.onRestart();
        this.#running = this.#spawn();
        break;
      case "terminate":
        this.#run?.terminate();
        this.#later(STOP_GRACE_MS, { type: "grace-over" });
        break;
      case "kill":
        this.#run?.kill();
        this.#later(KILL_PATIENCE_MS, { type: "held" });
        break;
      case "retry":
        this.#later(effect.delayMs, { type: "backoff-over" });
    }
  }

  async #spawn(): Promise<void> {
    this.#progress = 0;
    this.#freeze = new AbortController();
    this.#run = new ChildRun(this.spec, this.apiKey, this.#parts, {
      onHealthy: (port) => this.#dispatch({ type: "healthy", port }),
      onProgress: (fraction) => this.#setProgress(fraction),
      onPlaced: () => this.#tellPlaced(),
      onFrozen: (reason) => this.#dispatch({ type: "frozen", reason }),
    });
    const exit = await this.#run.exit;
    this.#run = null;
    this.#dispatch({ type: "exited", ...exit });
  }

  #later(delayMs: number, event: LifecycleEvent): void {
    this.#timer = setTimeout(() => this.#dispatch(event), delayMs);
  }

  /** Lines of a load may come later than the first healthy answer. */
  #tellPlaced(): void {
    if (this.state.kind === "ready") this.#states.emit(this.state);
  }

  #setProgress(fraction: number): void {
    if (fraction === this.#progress) return;
    this.#progress = fraction;
    this.#states.emit(this.state);
  }
}

function randomKey(): string {
  return crypto.getRandomValues(new Uint8Array(32)).toHex();
}
