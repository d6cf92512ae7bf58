/** The causes that end a node from outside its own code: signals, and errors that nobody caught. */

import { SIGNAL_ECHO_MS } from "../base/defaults.ts";

export type StopCause =
  | { readonly kind: "signal"; readonly signal: Deno.Signal }
  /** Its user said so, by `mesh-llm stop`. */
  | { readonly kind: "request" }
  | { readonly kind: "failure"; readonly error: unknown };

export interface ProcessEventOptions {
  /**
   * Whether the end of the terminal ends the node. Only where output goes to a terminal: `nohup` turns that
   * into a file, and a listener here would undo what `nohup` asked for.
   */
  readonly hangups: boolean;
  /** A second signal: its sender does not want to wait. */
  readonly onImpatience: () => void;
  /** Milliseconds; `performance.now` unless said. */
  readonly now?: () => number;
}

const STOP_SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** Listens until disposed. */
export class ProcessEvents implements Disposable {
  /** The first cause to stop. */
  readonly cause: Promise<StopCause>;
  readonly #dispose: DisposableStack;

  constructor({ hangups, onImpatience, now = () => performance.now() }: ProcessEventOptions) {
    const first = Promise.withResolvers<StopCause>();
    this.cause = first.promise;
    this.#dispose = new DisposableStack();
    let firstMs: number | undefined;
    for (const signal of hangups ? [...STOP_SIGNALS, "SIGHUP" as const] : STOP_SIGNALS) {
      this.#onSignal(signal, () => {
        firstMs ??= now();
        if (now() - firstMs > SIGNAL_ECHO_MS) onImpatience();
        first.resolve({ kind: "signal", signal });
      });
    }
    // The QUIC addon crashes the process if an error ends it while writes are in flight: keep it alive to stop in order.
    this.#onEvent("error", (event) => first.resolve({ kind: "failure", error: event.error }));
    this.#onEvent(
      "unhandledrejection",
      (event) => first.resolve({ kind: "failure", error: event.reason }),
    );
  }

  [Symbol.dispose](): void {
    this.#dispose.dispose();
  }

  #onSignal(signal: Deno.Signal, listener: () => void): void {
    Deno.addSignalListener(signal, listener);
    this.#dispose.defer(() => Deno.removeSignalListener(signal, listener));
  }

  #onEvent<Type extends "error" | "unhandledrejection">(
    type: Type,
    listener: (event: WindowEventMap[Type]) => void,
  ): void {
    const handle = (event: WindowEventMap[Type]) => {
      event.preventDefault();
      listener(event);
    };
    addEventListener(type, handle);
    this.#dispose.defer(() => removeEventListener(type, handle));
  }
}
