/** Real nodes for tests: the program in a process of its own, its log as events, its APIs as functions. */

import assert from "node:assert/strict";
import { join } from "node:path";
import type { Status } from "../../src/api/mod.ts";
import { chat, type ChatOptions, status } from "./api_calls.ts";
import { EventLog, type LoggedLine, type WaitOptions } from "./event_log.ts";
import { type Program, programCommand, temporaryFolder } from "./program.ts";

export { askChat, chat, type ChatOptions, deltas, status } from "./api_calls.ts";
export type { LoggedLine, WaitOptions } from "./event_log.ts";

export interface StartNodeOptions extends Program {
  /** The options before those that every node of a test gets. */
  readonly args?: readonly string[];
  /** Whether it looks for others on the local network, where the nodes of other tests are too, and asks its router for a port. @default {false} */
  readonly lan?: boolean;
  /** Shown in failures; by default the node's name is the same. */
  readonly name?: string;
  /** Kept when the node ends; by default a new one that goes with it. */
  readonly dataDir?: string;
}

/** The fields of the `ready` event. */
export interface Ready {
  readonly node: string;
  /** `null` where the node may not invite. */
  readonly token: string | null;
  readonly api: string;
  readonly console: string;
}

/** A node stops by SIGTERM within 5 s; one that does not is killed by its test. */
const STOP_LIMIT_MS = 8_000;

/** Enough for a first start, which reads every module from the disk, on a busy machine. */
const READY_LIMIT_MS = 30_000;

let started = 0;

/** Resolves once API and console listen. @throws with the node's last words where it ends before. */
export async function startNode(options: StartNodeOptions = {}): Promise<NodeProcess> {
  const name = options.name ?? `node-${++started}`;
  const folder = await temporaryFolder();
  const dataDir = options.dataDir ?? join(folder.path, "data");
  const args = [
    ...options.args ?? [],
    ...(options.lan === true ? [] : ["--no-lan", "--no-port-mapping"]),
    ...["--log-format", "json", "--port", "0", "--console-port", "0"],
    ...["--data-dir", dataDir, "--name", name],
  ];
  const command = programCommand(args, options, folder.path);
  const node = new NodeProcess(name, dataDir, command.spawn(), folder);
  try {
    node.ready = readReady(await node.waitFor("ready", { timeoutMs: READY_LIMIT_MS }));
    return node;
  } catch (error) {
    await node[Symbol.asyncDispose]();
    throw error;
  }
}

/** The contract of docs/command-line.md. */
function readReady({ node, token, api, console }: LoggedLine): Ready {
  assert.ok(typeof node === "string" && typeof api === "string" && typeof console === "string");
  assert.ok(typeof token === "string" || token === null);
  return { node, token, api, console };
}

/** Ends with its scope: SIGTERM, then SIGKILL. */
export class NodeProcess implements AsyncDisposable {
  /** Set once `startNode` has returned. */
  ready!: Ready;
  /** Exit code; 128 and the signal's number where a signal ended it. */
  readonly exited: Promise<number>;
  readonly #log: EventLog;
  readonly #child: Deno.ChildProcess;
  readonly #folder: AsyncDisposable;

  constructor(
    readonly name: string,
    readonly dataDir: string,
    child: Deno.ChildProcess,
    folder: AsyncDisposable,
  ) {
    this.#child = child;
    this.#folder = folder;
    this.#log = new EventLog(name, child);
    this.exited = child.status.then((status) => status.code);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** The invite that its `ready` carried. */
  get token(): string {
    if (this.ready.token === null) throw new Error(`${this.name} may not invite`);
    return this.ready.token;
  }

  /** Every line so far. */
  get lines(): readonly LoggedLine[] {
    return this.#log.lines;
  }

  /**
   * The first line that has this event, or for which the predicate holds; also one of the past, unless
   * `since` is the number of lines from which on to look.
   * @throws with the last lines and standard error when the time is out or the node has ended.
   */
  waitFor(
    wanted: string | ((line: LoggedLine) => boolean),
    options: WaitOptions = {},
  ): Promise<LoggedLine> {
    return this.#log.waitFor(wanted, options);
  }

  /** Resolves once the model answers through this node's own instance. */
  serving(model: string, options: WaitOptions = {}): Promise<LoggedLine> {
    const isServing = (line: LoggedLine) => line.event === "serving" && line.model === model;
    return this.waitFor(isServing, { description: `serving ${model}`, ...options });
  }

  status(): Promise<Status> {
    return status(this.ready.console);
  }

  /** The answer to a question, through this node's API. */
  chat(question: string, options: ChatOptions = {}): Promise<string> {
    return chat(this.ready.api, question, options);
  }

  kill(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch {
      // It has ended already.
    }
  }

  /** SIGTERM; resolves with the exit code. */
  async stop(): Promise<number> {
    this.kill("SIGTERM");
    return await this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGTERM");
    this.kill("SIGCONT"); // a test may have stopped it
    const timer = setTimeout(() => this.kill("SIGKILL"), STOP_LIMIT_MS);
    await this.exited;
    clearTimeout(timer);
    await this.#log.closed;
    await this.#folder[Symbol.asyncDispose]();
  }
}
