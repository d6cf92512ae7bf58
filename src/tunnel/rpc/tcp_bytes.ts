import type { ByteSink, ByteSource } from "../base/byte_pump.ts";
import { READ_BYTES } from "../base/defaults.ts";

/** One TCP connection as a source and a sink of bytes. */
export class TcpBytes implements ByteSource, ByteSink {
  readonly #conn: Deno.TcpConn;
  readonly #buffer = new Uint8Array(READ_BYTES);
  #closed = false;

  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
    try {
      // Each token is a round trip of small messages: Nagle's algorithm would hold them back.
      conn.setNoDelay(true);
    } catch {
      // macOS refuses it where the other end has closed already; reading will tell.
    }
  }

  /** Every read fills the same buffer. */
  async read(): Promise<Uint8Array | null> {
    const length = await this.#conn.read(this.#buffer);
    return length === null ? null : this.#buffer.subarray(0, length);
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
  }

  async closeWrite(): Promise<void> {
    await this.#conn.closeWrite();
  }

  /** Both directions at once; pending reads and writes fail. Safe to call twice. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#conn.close();
  }
}
