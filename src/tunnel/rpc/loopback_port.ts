import { asError } from "../../base/as_error.ts";
import type { Logger } from "@logtape/logtape";
import { pause } from "../../base/pause.ts";
import { ACCEPT_RETRY_MS } from "../base/defaults.ts";

/** Serves one connection and closes it, at once when the signal fires. May reject once it is closed. */
export type ServeConnection = (conn: Deno.TcpConn, signal: AbortSignal) => Promise<void>;

export interface LoopbackPortOptions {
  readonly serve: ServeConnection;
  readonly logger: Logger;
}

/** A TCP port on 127.0.0.1 and the connections that came in through it. */
export class LoopbackPort {
  readonly port: number;
  readonly #listener: Deno.TcpListener;
  readonly #serve: ServeConnection;
  readonly #logger: Logger;
  readonly #serving = new Map<Promise<void>, AbortController>();
  readonly #closing = new AbortController();
  readonly #accepting: Promise<void>;

  constructor({ serve, logger }: LoopbackPortOptions) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
    this.#serve = serve;
    this.#logger = logger;
    this.#accepting = this.#acceptAll();
  }

  /** Resolves when the port and all its connections are closed. Safe to call twice. */
  async close(reason: Error): Promise<void> {
    if (!this.#closing.signal.aborted) {
      this.#closing.abort(reason);
      this.#listener.close();
    }
    for (const controller of this.#serving.values()) controller.abort(reason);
    await this.#accepting;
    await Promise.all(this.#serving.keys());
  }

  async #acceptAll(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        this.#begin(await this.#listener.accept());
      } catch (error) {
        if (signal.aborted) return;
        this.#logger.warn("Could not accept a connection on tunnel port {port}: {reason}", {
          port: this.port,
          reason: asError(error).message,
        });
        await pause(ACCEPT_RETRY_MS, signal);
      }
    }
  }

  #begin(conn: Deno.TcpConn): void {
    if (this.#closing.signal.aborted) return conn.close();
    const controller = new AbortController();
    const serving = this.#serve(conn, controller.signal)
      .catch((error) => this.#report(error))
      .finally(() => this.#serving.delete(serving));
    this.#serving.set(serving, controller);
  }

  #report(error: unknown): void {
    this.#logger.debug("A connection of tunnel port {port} ended early: {reason}", {
      port: this.port,
      reason: asError(error).message,
    });
  }
}
