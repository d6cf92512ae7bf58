import assert from "node:assert/strict";
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";
import type { QuicStream } from "../../../src/mesh/quic/stream.ts";
import { readBytes } from "./bytes.ts";
import { Endpoint, type Link } from "./links.ts";

type Habit = "waits" | "reads" | "writes" | "answers";

/** Short enough for a test; the real one is 27 s. */
const IDLE_MS = 600;
const CHUNK = new Uint8Array(65_536);

interface PeerProcess extends AsyncDisposable {
  readonly address: Multiaddr;
  readonly status: Promise<Deno.CommandStatus>;
  signal(signal: Deno.Signal): void;
  /** Makes it leave in one of its own ways. */
  say(word: "exit" | "throw" | "reject"): Promise<void>;
}

async function startPeer(habit: Habit, idleTimeoutMs = IDLE_MS): Promise<PeerProcess> {
  const script = new URL("./peer_process.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--quiet", script, habit, String(idleTimeoutMs)],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const output = child.stdout.getReader();
  const { value } = await output.read();
  output.releaseLock();
  await child.stdout.cancel();
  return {
    address: multiaddr(new TextDecoder().decode(value).trim()),
    status: child.status,
    signal: (signal) => child.kill(signal),
    async say(word) {
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(word));
      writer.releaseLock();
    },
    async [Symbol.asyncDispose]() {
      await child.stdin.close().catch(() => undefined);
      try {
        child.kill("SIGKILL");
      } catch {
        // It is gone already.
      }
      await child.status;
    },
  };
}

async function openStream(link: Link): Promise<QuicStream> {
  const stream = await link.open();
  await stream.write(Uint8Array.of(1));
  return stream;
}

const LOST = { name: "ConnectionLostError", reason: "timed out" };

interface Step {
  readonly habit: Habit;
  /** Does something with the peer, kills it at the right moment, and sees what comes of it. */
  readonly run: (link: Link, kill: () => void) => Promise<void>;
}

const STEPS: Record<string, Step> = {
  "the connection has no streams": {
    habit: "waits",
    run: async (link, kill) => {
      kill();
      await closed(link);
    },
  },
  "this end waits for the first byte of an answer": {
    habit: "waits",
    run: async (link, kill) => {
      const stream = await openStream(link);
      const reading = assert.rejects(stream.read(), LOST);
      kill();
      await reading;
    },
  },
  "an answer is coming": {
    habit: "writes",
    run: async (link, kill) => {
      const stream = await openStream(link);
      await readBytes(stream, 1_000_000);
      kill();
      await assert.rejects(readForEver(stream), LOST);
      await assert.rejects(stream.read(), LOST);
    },
  },
  "this end is writing": {
    habit: "reads",
    run: async (link, kill) => {
      const stream = await openStream(link);
      for (let count = 0; count < 20; count++) await stream.write(CHUNK);
      kill();
      await assert.rejects(writeForEver(stream), LOST);
      await assert.rejects(stream.closeWrite(), LOST);
    },
  },
  "this end waits to write, and nobody reads": {
    habit: "waits",
    run: async (link, kill) => {
      const stream = await openStream(link);
      const writing = assert.rejects(writeForEver(stream), LOST);
      kill();
      await writing;
    },
  },
  "the answer was read to its end": {
    habit: "answers",
    run: async (link, kill) => {
      const stream = await openStream(link);
      await readBytes(stream, CHUNK.length);
      assert.equal(await stream.read(), null);
      kill();
      await closed(link);
      assert.equal(await stream.read(), null);
      await assert.rejects(stream.write(CHUNK), LOST);
    },
  },
};

for (const [name, { habit, run }] of Object.entries(STEPS)) {
  Deno.test(`a peer is killed while ${name}`, async () => {
    await using peer = await startPeer(habit);
    await using self = await Endpoint.start({ idleTimeoutMs: IDLE_MS, keepAliveMs: IDLE_MS / 3 });
    const link = await self.dial(peer.address);
    await run(link, () => peer.signal("SIGKILL"));
    assert.deepEqual(link.streams, []);
    assert.equal(self.connections.size, 0);
  });
}

Deno.test("a peer is killed while it is dialled", async () => {
  await using peer = await startPeer("waits");
  await using self = await Endpoint.start();
  peer.signal("SIGSTOP");
  const ending = new AbortController();
  const dialling = assert.rejects(self.dial(peer.address, ending.signal), /given up/);
  peer.signal("SIGKILL");
  await peer.status;
  ending.abort(new Error("given up"));
  await dialling;
  assert.equal(self.connections.size, 0);
});

for (const [word, code] of [["exit", 0], ["throw", 3], ["reject", 3]] as const) {
  Deno.test(`a peer that leaves by "${word}" in the middle of a write says so at once`, async () => {
    await using peer = await startPeer("writes", 30_000);
    await using self = await Endpoint.start();
    const link = await self.dial(peer.address);
    const stream = await openStream(link);
    await readBytes(stream, 1_000_000);
    await peer.say(word);
    await assert.rejects(readForEver(stream));
    await closed(link);
    assert.equal(link.lostReason, "closed by peer: 0");
    const status = await peer.status;
    assert.deepEqual([status.code, status.signal], [code, null]);
  });
}

function closed({ connection }: Link): Promise<void> {
  if (connection.status !== "open") return Promise.resolve();
  return new Promise((resolve) => connection.addEventListener("close", () => resolve()));
}

async function readForEver(stream: QuicStream): Promise<void> {
  while (await stream.read() !== null);
}

async function writeForEver(stream: QuicStream): Promise<never> {
  for (;;) await stream.write(CHUNK);
}
