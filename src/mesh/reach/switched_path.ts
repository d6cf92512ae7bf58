import type { DatagramPath } from "../base/datagram_path.ts";

/**
 * Several paths to one peer as one: it sends over one of them and hears them all, for whatever is still on its way over
 * another, or comes because the peer has chosen differently.
 */
export class SwitchedPath implements DatagramPath {
  onDatagram: DatagramPath["onDatagram"];
  readonly #paths = new Set<DatagramPath>();
  #chosen: DatagramPath | undefined;

  /** Sends over this path from now on. */
  use(path: DatagramPath): void {
    this.hear(path);
    this.#chosen = path;
  }

  hear(path: DatagramPath): void {
    this.#paths.add(path);
    path.onDatagram = (datagram) => this.onDatagram?.(datagram);
  }

  /** Closes a path that leads nowhere any more. Nothing is sent until another is chosen, if it was the chosen one. */
  drop(path: DatagramPath): void {
    if (!this.#paths.delete(path)) return;
    if (this.#chosen === path) this.#chosen = undefined;
    path.onDatagram = undefined;
    path.close();
  }

  send(datagram: Uint8Array): void {
    this.#chosen?.send(datagram);
  }

  close(): void {
    for (const path of [...this.#paths]) this.drop(path);
  }
}
