/** While this machine serves others it does not fall asleep by itself. Its lid and its user still put it to sleep. */

import type { Logger } from "@logtape/logtape";
import { finishesWithin } from "../../base/finishes_within.ts";
import type { Mesh } from "../../mesh/mod.ts";
import type { ServingConfig } from "../plan/config.ts";
import type { Job } from "./job.ts";

/** Nobody else may need this machine only for a moment, as between two connections of one client. */
export const RELEASE_AFTER_MS = 60_000;

/** It ends at once. One that waits for a system bus which does not answer would hold up the end of its node. */
const END_MS = 1_000;

/** Tells that the lock is there, and keeps it until its standard input ends. */
const HOLD = ["sh", "-c", "echo held; exec cat"];

/**
 * A command that holds off sleep until its standard input ends, which it does however this process ends, by logind's
 * inhibitor locks or macOS's power assertions; `null` for systems that have neither, and with `--allow-sleep`.
 */
export function sleepLockCommand(
  { allowSleep }: Pick<ServingConfig, "allowSleep">,
  os: typeof Deno.build.os,
): readonly string[] | null {
  if (allowSleep) return null;
  switch (os) {
    case "linux":
      return [
        "systemd-inhibit",
        ...["--what=sleep:idle", "--mode=block"],
        ...["--who=mesh-llm", "--why=It serves models to other machines"],
        ...HOLD,
      ];
    case "darwin":
      return ["caffeinate", "-i", ...HOLD];
    default:
      return null;
  }
}

/** Whether another machine would miss this one: it serves, or is about to, and somebody is there. Pure. */
export function servesOthers(
  jobs: readonly Pick<Job, "instance" | "obeys">[],
  mesh: Pick<Mesh, "members" | "clientsConnected">,
): boolean {
  const isServing = jobs.some(({ instance, obeys }) =>
    obeys !== null || instance?.state === "warm" || instance?.state === "loading"
  );
  return isServing && mesh.members().length + mesh.clientsConnected() > 0;
}

export interface SleepLockOptions {
  /** As {@linkcode sleepLockCommand} says; `null` never holds anything. */
  readonly command: readonly string[] | null;
  readonly logger: Logger;
}

/** The owner of the one lock of a node. */
export class SleepLock {
  readonly #command: readonly string[] | null;
  readonly #logger: Logger;
  #holder: Holder | null = null;
  #neededAtMs = -Infinity;
  /** Once is enough: what the system refuses it refuses again. */
  #isRefused = false;
  #isTold = false;

  constructor({ command, logger }: SleepLockOptions) {
    this.#command = command;
    this.#logger = logger;
  }

  /** The system has granted it. */
  get isHeld(): boolean {
    return this.#holder?.isGranted ?? false;
  }

  /** To be called every few seconds. */
  check(servesOthers: boolean, nowMs: number): void {
    if (servesOthers) this.#neededAtMs = nowMs;
    if (servesOthers && this.#holder === null && !this.#isRefused) this.#hold();
    if (this.#holder !== null && nowMs - this.#neededAtMs >= RELEASE_AFTER_MS) void this.release();
  }

  /** Resolves when the machine may sleep again. Safe to call twice. */
  async release(): Promise<void> {
    const holder = this.#holder;
    this.#holder = null;
    await holder?.end();
  }

  #hold(): void {
    if (this.#command === null) return;
    const holder = new Holder(this.#command, () => this.#onGranted());
    this.#holder = holder;
    void holder.ended.then((reason) => {
      if (this.#holder !== holder) return;
      this.#holder = null;
      this.#isRefused = true;
      // A server without logind does not sleep: its user need not hear of it.
      this.#logger.debug("This machine may fall asleep while it serves others: {reason}", {
        reason,
      });
    });
  }

  #onGranted(): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#logger.info(
      "This machine stays awake while it serves others; --allow-sleep changes that",
    );
  }
}

/** One process that holds the lock, and writes a line when it does. */
class Holder {
  /** Resolves when it has ended, with its last words. */
  readonly ended: Promise<string>;
  isGranted = false;
  readonly #child: Deno.ChildProcess | null;

  constructor([program = "", ...args]: readonly string[], onGranted: () => void) {
    try {
      const pipes = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
      this.#child = new Deno.Command(program, { args, ...pipes }).spawn();
      this.ended = this.#follow(program, this.#child, onGranted);
    } catch (error) {
      this.#child = null;
      const isMissing = error instanceof Deno.errors.NotFound;
      this.ended = Promise.resolve(isMissing ? `there is no ${program}` : String(error));
    }
  }

  async end(): Promise<void> {
    await this.#child?.stdin.close().catch(() => {}); // it has ended by itself
    if (await finishesWithin(this.ended, END_MS)) return;
    try {
      this.#child?.kill("SIGKILL");
    } catch {
      // it has ended meanwhile
    }
    await finishesWithin(this.ended, END_MS);
  }

  async #follow(program: string, child: Deno.ChildProcess, onGranted: () => void): Promise<string> {
    const words = new Response(child.stderr).text();
    for await (const _ of child.stdout) {
      this.isGranted = true;
      onGranted();
    }
    const [text, { code }] = await Promise.all([words, child.status]);
    await child.stdin.close().catch(() => {}); // it may be closed
    return text.trim().split("\n").at(-1) || `${program} ended with ${code}`;
  }
}
