import { engineProcesses } from "../../support/processes.ts";
import type { LoggedLine, NodeProcess } from "../../support/node_process.ts";
import { startServing } from "../mesh_of_nodes.ts";
import type { Actor } from "./schedule.ts";
import type { SmallDisk } from "./small_disk.ts";

export interface SoakNodeOptions {
  readonly actor: Actor;
  readonly dataDir: string;
  readonly disk: SmallDisk | null;
  readonly args: readonly string[];
  /** Every process below the soak has it in its environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** One node through all its lives in a soak. */
export class SoakNode implements AsyncDisposable {
  readonly actor: Actor;
  readonly disk: SmallDisk | null;
  /** Ports that any of its lives has had. */
  readonly ports = new Set<number>();
  /** Warnings and errors of its lives before this one. */
  readonly past: LoggedLine[] = [];
  readonly #options: SoakNodeOptions;
  readonly #ups: (() => void)[] = [];
  #process: NodeProcess | undefined;
  #isUp = false;
  /** By `performance.now`: when it was last not there. */
  #lastDownMs = -Infinity;

  constructor(options: SoakNodeOptions) {
    this.#options = options;
    this.actor = options.actor;
    this.disk = options.disk;
  }

  get process(): NodeProcess {
    if (this.#process === undefined) throw new Error(`${this.actor.name} was never started`);
    return this.#process;
  }

  /** `null` while it is not there. */
  get api(): string | null {
    return this.#isUp ? this.process.ready.api : null;
  }

  /** Resolves when it is there. */
  async up(): Promise<void> {
    if (this.#isUp) return;
    await new Promise<void>((resolve) => this.#ups.push(resolve));
  }

  wasDownSince(ms: number): boolean {
    return !this.#isUp || this.#lastDownMs >= ms;
  }

  /** With the data of its last life. */
  async start(more: readonly string[] = []): Promise<void> {
    this.past.push(...(this.#process?.lines ?? []).filter(({ level }) => level !== "info"));
    await this.#process?.[Symbol.asyncDispose]();
    const { actor: { name }, args, dataDir, env } = this.#options;
    this.#process = await startServing([...args, ...more], { dataDir, name, env });
    const { api, console } = this.#process.ready;
    for (const url of [api, console]) this.ports.add(Number(new URL(url).port));
    this.#lastDownMs = performance.now();
    this.#isUp = true;
    for (const resolve of this.#ups.splice(0)) resolve();
  }

  async kill(): Promise<void> {
    this.#down();
    this.process.kill("SIGKILL");
    await this.process.exited;
  }

  /** @throws where it does not end as it should. */
  async stop(): Promise<void> {
    this.#down();
    const code = await this.process.stop();
    if (code !== 0) throw new Error(`${this.actor.name} ended with exit code ${code}`);
  }

  /** The process ids of its llama.cpp. */
  async servers(): Promise<number[]> {
    const { pid } = this.process;
    const found = await Promise.all([
      engineProcesses(pid, "llama-server"),
      engineProcesses(pid, "rpc-server"),
    ]);
    return found.flat().map(({ pid }) => pid);
  }

  /** @throws with the node's words where it refuses. */
  async post(action: string): Promise<void> {
    const { console } = this.process.ready;
    const response = await fetch(`${console}/api/models/${action}`, { method: "POST" });
    const text = await response.text();
    if (!response.ok) throw new Error(`${this.actor.name}: ${action}: ${response.status}: ${text}`);
  }

  #down(): void {
    this.#isUp = false;
    this.#lastDownMs = performance.now();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.[Symbol.asyncDispose]();
    await this.disk?.[Symbol.asyncDispose]();
  }
}
