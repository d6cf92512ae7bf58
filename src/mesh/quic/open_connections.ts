import type { QuicConnection } from "./connection.ts";

/**
 * The open connections of a transport. Holds them, since a native connection that is collected closes
 * itself, and ends them together.
 */
export class OpenConnections {
  readonly #open = new Set<QuicConnection>();

  get size(): number {
    return this.#open.size;
  }

  add(connection: QuicConnection): void {
    this.#open.add(connection);
    connection.addEventListener("close", () => this.#open.delete(connection), { once: true });
  }

  /** Peers learn of it at once; from a process that just ends they would learn after the idle timeout. */
  abortAll(reason: Error): void {
    for (const connection of [...this.#open]) connection.abort(reason);
  }
}
