/** An HTTP server on loopback that does as its script says: breaks off, stalls, lies. */

import { createHash } from "node:crypto";
import type { AddressRules } from "../../src/downloads/mod.ts";

export interface Asked {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: ReadonlyMap<string, string>;
  /** First and last byte, where a range was asked for. */
  readonly range: readonly [first: number, last: number] | null;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: Uint8Array;
  /** After the body: closed in order, broken off, or left open without a word. */
  readonly then?: "close" | "stall";
}

export type Script = (asked: Asked, number: number) => Reply;

export class FaultyServer implements AsyncDisposable {
  readonly asked: Asked[] = [];
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #connections = new Set<Deno.Conn>();
  readonly #script: Script;
  readonly #running: Promise<void>;

  constructor(script: Script) {
    this.#script = script;
    this.#running = this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  get url(): URL {
    return new URL(`http://127.0.0.1:${this.port}/`);
  }

  /** This server and no other. */
  get rules(): AddressRules {
    return {
      allowsUrl: (url) => url.port === String(this.port),
      allowsAddress: (address) => address === "127.0.0.1",
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#connections) connection.close();
    await this.#running;
  }

  async #accept(): Promise<void> {
    const answering: Promise<void>[] = [];
    try {
      for await (const connection of this.#listener) {
        this.#connections.add(connection);
        answering.push(
          this.#answer(connection).catch(() => {}) // the client has gone
            .finally(() => this.#forget(connection)),
        );
      }
    } catch {
      // closed at the end of the test
    }
    await Promise.all(answering);
  }

  async #answer(connection: Deno.Conn): Promise<void> {
    const asked = await readRequest(connection);
    this.asked.push(asked);
    const { status, headers, body, then } = this.#script(asked, this.asked.length - 1);
    const lines = Object.entries({ connection: "close", ...headers })
      .map(([name, value]) => `${name}: ${value}\r\n`);
    await writeAll(
      connection,
      new TextEncoder().encode(`HTTP/1.1 ${status} X\r\n${lines.join("")}\r\n`),
    );
    await writeAll(connection, body);
    // Until the client gives up: reads end when it closes.
    if (then === "stall") await connection.read(new Uint8Array(1));
  }

  #forget(connection: Deno.Conn): void {
    if (!this.#connections.delete(connection)) return;
    try {
      connection.close();
    } catch {
      // closed at the end of the test
    }
  }
}

/** An honest answer. */
export function honest(file: Uint8Array, { range }: Asked): Reply {
  if (range === null) return whole(file);
  const [first, last] = range;
  const body = file.subarray(first, last + 1);
  const end = first + body.length - 1;
  const headers = {
    "content-length": body.length,
    "content-range": `bytes ${first}-${end}/${file.length}`,
  };
  return { status: 206, headers, body };
}

/** The whole file, whatever was asked for. */
export function whole(file: Uint8Array): Reply {
  return { status: 200, headers: { "content-length": file.length }, body: file };
}

/** Announces all and sends a part. */
export function cutTo(reply: Reply, bytes: number): Reply {
  return { ...reply, body: reply.body.subarray(0, bytes) };
}

export function json(value: unknown): Reply {
  const body = new TextEncoder().encode(JSON.stringify(value));
  return { status: 200, headers: { "content-length": body.length }, body };
}

export function status(code: number, headers: Reply["headers"] = {}): Reply {
  return { status: code, headers: { "content-length": 0, ...headers }, body: new Uint8Array() };
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Bytes that differ from place to place. */
export function content(length: number, seed = 1): Uint8Array {
  return new Uint8Array(length).map((_, index) => (index * 31 + (index >> 8) * 7 + seed) & 255);
}

async function readRequest(connection: Deno.Conn): Promise<Asked> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(4096);
  let text = "";
  while (!text.includes("\r\n\r\n")) {
    const read = await connection.read(buffer);
    if (read === null) throw new Error("No request");
    text += decoder.decode(buffer.subarray(0, read), { stream: true });
  }
  const [first = "", ...lines] = text.split("\r\n");
  const [method = "", path = ""] = first.split(" ");
  const headers = new Map(lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  }));
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers.get("range") ?? "") ?? [];
  return { method, path, headers, range: from === undefined ? null : [Number(from), Number(to)] };
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}
