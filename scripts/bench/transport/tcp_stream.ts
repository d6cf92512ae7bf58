import type { BenchStream } from "./bench_stream.ts";

/** One TCP connection; every read fills the same buffer. */
export class TcpStream implements BenchStream {
  readonly #conn: Deno.TcpConn;
  readonly #buffer = new Uint8Array(65_536);

  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
    conn.setNoDelay(true);
  }

  async read(): Promise<Uint8Array | null> {
    const length = await this.#conn.read(this.#buffer);
    return length === null ? null : this.#buffer.subarray(0, length);
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
  }

  closeWrite(): Promise<void> {
    return this.#conn.closeWrite();
  }
}
