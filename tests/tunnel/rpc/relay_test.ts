import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { connect } from "node:net";
import type { ByteSource } from "../../../src/tunnel/base/byte_pump.ts";
import { relay } from "../../../src/tunnel/rpc/relay.ts";
import { QuicPair } from "../quic_pair.ts";
import { pattern, readExactly, readToEnd, type TcpPair, tcpPair, writeAll } from "../tcp_pair.ts";

/** Two programs that talk TCP, with a QUIC stream between them: `client` and `server` are their ends. */
class Line implements AsyncDisposable {
  readonly ending = new AbortController();
  readonly client: Deno.TcpConn;
  readonly server: Deno.TcpConn;
  /** How each relay ended: `undefined`, or what it threw. */
  readonly near: Promise<unknown>;
  readonly far: Promise<unknown>;
  readonly #stack: AsyncDisposableStack;

  static async open(): Promise<Line> {
    const stack = new AsyncDisposableStack();
    const quic = stack.use(await QuicPair.connect());
    const streams = await quic.stream();
    return new Line(stack, streams, stack.use(await tcpPair()), stack.use(await tcpPair()));
  }

  private constructor(
    stack: AsyncDisposableStack,
    streams: Awaited<ReturnType<QuicPair["stream"]>>,
    left: TcpPair,
    right: TcpPair,
  ) {
    this.#stack = stack;
    this.client = left.near;
    this.server = right.near;
    const never = new AbortController().signal;
    this.near = outcome(relay(left.far, streams.near, { signal: this.ending.signal }));
    this.far = outcome(relay(right.far, streams.far, { signal: never }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
    await Promise.all([this.near, this.far]);
  }
}

function outcome(work: Promise<void>): Promise<unknown> {
  return work.catch((error) => error);
}

/** A connection whose other end can send a reset: only node:net can, Deno always says goodbye. */
async function resettable(): Promise<{ conn: Deno.TcpConn; reset: () => void }> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const socket = connect(listener.addr.port, "127.0.0.1");
  const [conn] = await Promise.all([listener.accept(), once(socket, "connect")]);
  return { conn, reset: () => void socket.resetAndDestroy() };
}

/** The end of a connection as a program sees it: `null` or an error, never data. */
async function ended(conn: Deno.TcpConn): Promise<boolean> {
  return await conn.read(new Uint8Array(1)).then((n) => n === null, () => true);
}

Deno.test("relay() carries 10 MB both ways at once, byte for byte", async () => {
  await using line = await Line.open();
  const up = pattern(10_000_000, 1);
  const down = pattern(10_000_000, 2);
  const [atServer, atClient] = await Promise.all([
    readToEnd(line.server),
    readToEnd(line.client),
    writeAll(line.client, up).then(() => line.client.closeWrite()),
    writeAll(line.server, down).then(() => line.server.closeWrite()),
  ]);
  assert.ok(Buffer.from(up).equals(atServer));
  assert.ok(Buffer.from(down).equals(atClient));
  assert.deepEqual(await Promise.all([line.near, line.far]), [undefined, undefined]);
});

Deno.test("relay() passes a half-close on and still carries the answer, from either end", async () => {
  for (const [asking, answering] of [["client", "server"], ["server", "client"]] as const) {
    await using line = await Line.open();
    await writeAll(line[asking], pattern(1_000));
    await line[asking].closeWrite();
    assert.deepEqual(await readToEnd(line[answering]), pattern(1_000));
    await writeAll(line[answering], pattern(2_000));
    assert.deepEqual(await readExactly(line[asking], 2_000), pattern(2_000));
    await line[answering].closeWrite();
    assert.equal(await line[asking].read(new Uint8Array(1)), null);
    assert.deepEqual(await Promise.all([line.near, line.far]), [undefined, undefined]);
  }
});

Deno.test("relay() ends both TCP connections at once when its signal fires", async () => {
  await using line = await Line.open();
  line.ending.abort(new Error("The term changed"));
  assert.match(String(await line.near), /The term changed/);
  assert.ok(await line.far instanceof Error);
  assert.ok(await ended(line.client));
  assert.ok(await ended(line.server));
});

Deno.test("relay() ends at once while its writes are blocked by an end that does not read", async () => {
  await using line = await Line.open();
  const writing = writeAll(line.client, pattern(50_000_000)).catch(() => "stopped");
  await line.server.read(new Uint8Array(1));
  line.ending.abort(new Error("The term changed"));
  assert.match(String(await line.near), /The term changed/);
  assert.ok(await line.far instanceof Error);
  assert.equal(await writing, "stopped");
});

Deno.test("relay() passes a TCP reset on to the other program", async () => {
  await using stack = new AsyncDisposableStack();
  const quic = stack.use(await QuicPair.connect());
  const right = stack.use(await tcpPair());
  const { near, far } = await quic.stream();
  const left = await resettable();
  const never = new AbortController().signal;
  const relays = [
    relay(left.conn, near, { signal: never }),
    relay(right.far, far, { signal: never }),
  ];
  const outcomes = Promise.allSettled(relays);
  left.reset();
  assert.ok(await ended(right.near));
  assert.deepEqual((await outcomes).map(({ status }) => status), ["rejected", "rejected"]);
});

Deno.test("relay() closes its TCP connection when the QUIC connection is lost", async () => {
  const stack = new AsyncDisposableStack();
  await using _cleanup = stack;
  const quic = await QuicPair.connect();
  const tcp = stack.use(await tcpPair());
  const { near } = await quic.stream();
  const work = assert.rejects(relay(tcp.far, near, { signal: new AbortController().signal }));
  await quic[Symbol.asyncDispose]();
  await work;
  assert.ok(await ended(tcp.near));
});

Deno.test("relay() reads no further than its slow reader allows", async () => {
  await using stalled = await Line.open();
  await using flowing = await Line.open();
  let offered = 0;
  const writing = (async () => {
    for (const chunk = pattern(65_536); offered < 200_000_000; offered += chunk.length) {
      await writeAll(stalled.client, chunk);
    }
  })().catch(() => undefined);
  await stalled.server.read(new Uint8Array(1));
  // The time in which another line moves 40 MB is more than enough to fill memory, if nothing stopped it.
  const busy = pattern(10_000_000);
  for (let round = 0; round < 4; round++) {
    await Promise.all([writeAll(flowing.client, busy), readExactly(flowing.server, busy.length)]);
  }
  // Socket buffers on the way hold some 15 MB; without backpressure all 200 MB would be gone.
  assert.ok(offered < 60_000_000, `${offered} bytes left the sender`);
  stalled.ending.abort(new Error("Enough"));
  await writing;
});

Deno.test("relay() frees what it has passed on", async () => {
  await using quic = await QuicPair.connect();
  await using tcp = await tcpPair();
  const { near, far } = await quic.stream();
  const passed: Uint8Array[] = [];
  const fromPeer: ByteSource = {
    async read() {
      const bytes = await near.read();
      if (bytes !== null) passed.push(bytes);
      return bytes;
    },
    recycle: (bytes) => near.recycle?.(bytes),
  };
  const { signal } = new AbortController();
  const carrying = relay(tcp.far, near, { signal, fromPeer });
  const sent = pattern(1_000_000);
  const reading = readToEnd(tcp.near);
  await far.write(sent);
  await far.closeWrite();
  assert.ok(Buffer.from(sent).equals(await reading));
  await tcp.near.closeWrite();
  await carrying;
  assert.ok(passed.length > 1);
  for (const { byteLength } of passed) assert.equal(byteLength, 0);
});
