import type { QuicConnection } from "./connection.ts";
import { GOODBYE_MS, QUIET_MS } from "./limits.ts";

/**
 * The open connections of a transport. Holds them, since a native connection that is collected closes
 * itself, and ends them together.
 */
export class OpenConnections {
  readonly #open = new Set<QuicConnection>();
  readonly #going = new Set<Promise<void>>();

  get size(): number {
    return this.#open.size;
  }

  add(connection: QuicConnection): void {
    this.#open.add(connection);
    connection.addEventListener("close", () => this.#open.delete(connection), { once: true });
    const going = connection.gone.finally(() => this.#going.delete(going));
    this.#going.add(going);
  }

  /** Resolves when none is left, not even in the addon. */
  async gone(): Promise<void> {
    await Promise.all(this.#going);
  }

  /** Resets every stream. Before an exit: a goodbye that has to overtake data is lost in one of ten cases. */
  resetStreams(reason: Error): void {
    for (const connection of [...this.#open]) connection.resetStreams(reason);
  }

  /** Peers learn of it at once; from a process that just ends they would learn after the idle timeout. */
  abortAll(reason: Error): void {
    for (const connection of [...this.#open]) connection.abort(reason);
  }

  /**
   * Both, with the time between them that the goodbye needs. Blocks the process, whose `unload` event is where it is
   * called: nothing can be waited for there.
   */
  leaveNow(reason: Error): void {
    if (this.size === 0) return;
    this.resetStreams(reason);
    sleep(QUIET_MS);
    this.abortAll(reason);
    sleep(GOODBYE_MS);
  }
}

/** The addon works on threads of its own meanwhile. */
function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
