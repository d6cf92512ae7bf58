/** Tells each event to everybody who listens. One that fails keeps neither its teller nor the others from going on. */
export class Emitter<Event> {
  readonly #listeners = new Set<(event: Event) => void>();
  readonly #onFailure: (error: unknown, event: Event) => void;

  /** @param onFailure what a listener threw: worth a line in the log, for it is a mistake of the program. */
  constructor(onFailure: (error: unknown, event: Event) => void) {
    this.#onFailure = onFailure;
  }

  /** Calls back for each event until the result is called. */
  subscribe(listener: (event: Event) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Those that subscribe meanwhile hear the next one. */
  emit(event: Event): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (error) {
        this.#onFailure(error, event);
      }
    }
  }

  /** Nobody listens any more. */
  clear(): void {
    this.#listeners.clear();
  }
}
