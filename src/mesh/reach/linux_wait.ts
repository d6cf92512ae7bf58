import { type Libc, POLLFD_BYTES, POLLIN } from "./linux_calls.ts";

/**
 * Waits for a socket on a thread of Deno's. The `struct pollfd` is in the system's own memory: the wait may outlast the isolate of
 * a program that ends without closing its sockets, and memory of V8 would be freed under the system's hands.
 */
export class LinuxWait {
  readonly #libc: Libc;
  readonly #at: Deno.PointerObject;

  constructor(libc: Libc, descriptor: number) {
    this.#libc = libc;
    const at = libc.calloc(1n, BigInt(POLLFD_BYTES));
    if (at === null) throw new Error("There is no memory left");
    this.#at = at;
    const view = new DataView(Deno.UnsafePointerView.getArrayBuffer(at, POLLFD_BYTES));
    view.setInt32(0, descriptor, true);
    view.setInt16(4, POLLIN, true);
  }

  /** Whether something came within that time; a negative one has no end but the socket's. One wait at a time. */
  async comes(withinMs: number): Promise<boolean> {
    return await this.#libc.poll(this.#at, 1n, withinMs) > 0;
  }

  /** Once nobody waits any more. */
  free(): void {
    this.#libc.free(this.#at);
  }
}
