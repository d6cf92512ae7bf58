/** Wakes everybody who waits; who comes later waits for the next time. */
export class Waker {
  #next = Promise.withResolvers<void>();

  wait(): Promise<void> {
    return this.#next.promise;
  }

  wake(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers<void>();
  }
}
