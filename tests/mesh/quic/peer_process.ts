/**
 * A peer in a process of its own, that can be killed. Prints its address; what it does with each stream
 * is its argument; what it reads on its input makes it leave.
 */

import type { QuicStream } from "../../../src/mesh/quic/stream.ts";
import { Endpoint } from "./links.ts";

const CHUNK = new Uint8Array(65_536);

/** The process's use of a stream, for as long as it lives. */
const HABITS: Record<string, (stream: QuicStream) => Promise<void>> = {
  waits: async (stream) => {
    await stream.ended;
  },
  reads: async (stream) => {
    while (await stream.read() !== null);
  },
  writes: async (stream) => {
    for (;;) await stream.write(CHUNK);
  },
  answers: async (stream) => {
    await stream.write(CHUNK);
    await stream.closeWrite();
  },
};

/** How it leaves. */
const EXITS: Record<string, () => void> = {
  exit: () => Deno.exit(0),
  throw: () =>
    setTimeout(() => {
      throw new Error("Nobody catches this");
    }),
  reject: () => {
    Promise.reject(new Error("Nobody catches this"));
  },
};

// The addon crashes on an uncaught error while writes are under way; main.ts ends the process like this too.
for (const type of ["error", "unhandledrejection"]) {
  addEventListener(type, (event) => {
    event.preventDefault();
    Deno.exit(3);
  });
}

const habit = HABITS[Deno.args[0] ?? ""]!;
const idleTimeoutMs = Number(Deno.args[1] ?? 30_000);
const endpoint = await Endpoint.start({ idleTimeoutMs, keepAliveMs: idleTimeoutMs / 3 });
const address = await endpoint.listen();
serve().catch(() => undefined);
Deno.stdout.writeSync(new TextEncoder().encode(`${address}\n`));
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  EXITS[text.trim()]?.();
}

async function serve(): Promise<void> {
  for (;;) {
    const link = await endpoint.incoming.take();
    acceptStreams(link.incoming.take.bind(link.incoming)).catch(() => undefined);
  }
}

async function acceptStreams(take: () => Promise<QuicStream>): Promise<void> {
  for (;;) habit(await take()).catch(() => undefined);
}
