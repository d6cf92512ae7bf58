import { type Libc, POLLFD_BYTES, POLLIN } from "./linux_calls.ts";

/**
 * The `struct pollfd`s of one wait, in the system's own memory. The wait is on a thread of its own, and may outlast the
 * isolate of a program that ends without closing its sockets: memory of V8 would be freed under the system's hands.
 */
export class PollList {
  readonly #libc: Libc;
  #at: Deno.PointerValue = null;
  #room = 0;

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  /** Not while it is waited for. */
  set(descriptors: readonly number[]): Deno.PointerObject {
    if (this.#at === null || descriptors.length > this.#room) this.#grow(descriptors.length);
    const at = this.#at;
    if (at === null) throw new Error("There is no memory left");
    const view = new DataView(
      Deno.UnsafePointerView.getArrayBuffer(at, POLLFD_BYTES * descriptors.length),
    );
    for (const [index, descriptor] of descriptors.entries()) {
      view.setInt32(POLLFD_BYTES * index, descriptor, true);
      view.setInt16(POLLFD_BYTES * index + 4, POLLIN, true);
      view.setInt16(POLLFD_BYTES * index + 6, 0, true);
    }
    return at;
  }

  /** Once nobody waits any more. */
  free(): void {
    this.#libc.free(this.#at);
    this.#at = null;
    this.#room = 0;
  }

  #grow(count: number): void {
    this.free();
    this.#room = 2 * count;
    this.#at = this.#libc.calloc(BigInt(this.#room), BigInt(POLLFD_BYTES));
  }
}
