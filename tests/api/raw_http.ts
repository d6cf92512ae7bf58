/** HTTP by hand, for what `fetch` would not send. */
export class RawHttp implements Disposable {
  readonly #connection: Deno.TcpConn;
  #received = "";

  constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  static async connect(url: string): Promise<RawHttp> {
    const { hostname, port } = new URL(url);
    return new RawHttp(await Deno.connect({ hostname, port: Number(port) }));
  }

  /** Sends the head of a request, and what follows it. */
  async send(head: readonly string[], body = ""): Promise<void> {
    await this.write(new TextEncoder().encode(`${head.join("\r\n")}\r\n\r\n${body}`));
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let sent = 0; sent < bytes.length;) {
      sent += await this.#connection.write(bytes.subarray(sent));
    }
  }

  /** Everything received once the pattern appears in it, or the connection ends. */
  async receive(pattern = /(?!)/): Promise<string> {
    const buffer = new Uint8Array(64 * 1024);
    while (!pattern.test(this.#received)) {
      // A connection that is reset has ended like any other.
      const length = await this.#connection.read(buffer).catch(() => null);
      if (length === null) break;
      this.#received += new TextDecoder().decode(buffer.subarray(0, length));
    }
    return this.#received;
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }
}
