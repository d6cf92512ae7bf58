import { type Clock, systemClock } from "../base/clock.ts";
import { COLLECTED_MS, CONNECTIONS_WORTH_TRIMMING } from "./limits.ts";

export interface FreedMemoryOptions {
  readonly clock?: Pick<Clock, "after">;
  /** Gives what nobody uses back to the system. Never rejects. */
  readonly trim?: () => Promise<void>;
}

/**
 * glibc keeps freed memory: 20 MB once a node has started, and 140 MB of the addon's threads once two thousand clients
 * have been connected. It gives that back on request, which is made a while after the start, and once the connections
 * of a crowd have gone and are collected.
 */
export class FreedMemory {
  readonly #clock: Pick<Clock, "after">;
  readonly #trim: () => Promise<void>;
  #cancel: (() => void) | undefined;
  #trimming: Promise<void> | undefined;
  /** Connections since memory was given back for good. */
  #gone = 0;
  #someWentLately = false;
  #isStopped = false;

  constructor({ clock = systemClock, trim = trimSystemMemory }: FreedMemoryOptions = {}) {
    this.#clock = clock;
    this.#trim = trim;
  }

  /** A node that listens starts: that leaves as much as a crowd. */
  started(): void {
    this.#gone = CONNECTIONS_WORTH_TRIMMING;
    this.#arm();
  }

  /** The addon has let go of a connection. */
  connectionGone(): void {
    if (this.#isStopped) return;
    this.#gone += 1;
    this.#someWentLately = true;
    this.#arm();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel?.();
    await this.#trimming;
  }

  #arm(): void {
    this.#cancel ??= this.#clock.after(COLLECTED_MS, () => this.#check());
  }

  /** Now and then while a crowd comes and goes, and a last time when all who went are collected. */
  #check(): void {
    this.#cancel = undefined;
    if (this.#gone < CONNECTIONS_WORTH_TRIMMING) return;
    if (this.#someWentLately) this.#arm();
    else this.#gone = 0;
    this.#someWentLately = false;
    this.#trimming = this.#trim();
  }
}

/** Beside the event loop, for it takes some milliseconds. Only glibc has it, and only glibc needs it. */
export async function trimSystemMemory(): Promise<void> {
  if (Deno.build.os !== "linux") return;
  try {
    const libc = Deno.dlopen("libc.so.6", {
      malloc_trim: { parameters: ["usize"], result: "i32", nonblocking: true },
    });
    await libc.symbols.malloc_trim(0n);
    libc.close();
  } catch {
    // Another libc: memory stays where it is.
  }
}
