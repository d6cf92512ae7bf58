import { getLogger } from "@logtape/logtape";
import assert from "node:assert/strict";
import { once } from "node:events";
import {
  type AdmittedSplit,
  type AskedSplit,
  type RpcGate,
  RpcServerEnd,
  RpcTunnels,
  TunnelCounts,
} from "../../../src/tunnel/mod.ts";
import { encodeRpcOpening } from "../../../src/tunnel/rpc/rpc_opening.ts";
import { QuicPair } from "../quic_pair.ts";
import { pattern, readExactly, readToEnd, writeAll } from "../tcp_pair.ts";

const WORKER = "worker-peer";
const HOST = "host-peer";
const MODEL = { name: "big", fingerprint: "0f".repeat(32) };
const OTHER = { name: "other", fingerprint: "1e".repeat(32) };
const SPLIT = { model: MODEL, term: 7 };
const logger = getLogger("test");

/** A host and a worker over real QUIC; in place of rpc-server a listener that the test accepts from. */
class Split implements AsyncDisposable {
  mayPass = true;
  readonly counts = new TunnelCounts();
  readonly server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly tunnels: RpcTunnels;
  readonly workerEnd: RpcServerEnd;
  readonly quic: QuicPair;

  static async start(gate?: RpcGate): Promise<Split> {
    return new Split(await QuicPair.connect(), gate);
  }

  private constructor(quic: QuicPair, gate: RpcGate | undefined) {
    this.quic = quic;
    this.tunnels = new RpcTunnels({
      open: this.counts.counting(() => quic.open(), "rpc"),
      split: SPLIT,
      mayPass: () => this.mayPass,
      logger,
    });
    this.workerEnd = new RpcServerEnd({ gate: gate ?? this.#openGate(), logger });
    quic.serve((stream) => this.workerEnd.handle(stream, HOST));
  }

  /** A connection as llama-server makes it. */
  async connect(): Promise<Deno.TcpConn> {
    return await Deno.connect({ hostname: "127.0.0.1", port: this.tunnels.ensure(WORKER) });
  }

  /** A connection that has reached the server, both ends. */
  async connected(): Promise<{ client: Deno.TcpConn; server: Deno.TcpConn }> {
    const [client, server] = await Promise.all([this.connect(), this.server.accept()]);
    return { client, server };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.close();
    await this.tunnels.stop();
    await this.quic[Symbol.asyncDispose]();
  }

  #openGate(): RpcGate {
    return { admit: () => Promise.resolve({ port: this.server.addr.port, model: MODEL }) };
  }
}

/** A gate that the test opens. */
class HeldGate implements RpcGate {
  readonly asked = Promise.withResolvers<{ asked: AskedSplit; signal: AbortSignal }>();
  readonly answer = Promise.withResolvers<AdmittedSplit>();

  async admit(asked: AskedSplit, signal: AbortSignal): Promise<AdmittedSplit> {
    this.asked.resolve({ asked, signal });
    return await this.answer.promise;
  }

  open(port: number): void {
    this.answer.resolve({ port, model: MODEL });
  }
}

/** Whether the connection is over: an end or an error, and no data before it. */
async function isOver(conn: Deno.TcpConn): Promise<boolean> {
  const over = await conn.read(new Uint8Array(1)).then((n) => n === null, () => true);
  conn.close();
  return over;
}

Deno.test("RpcTunnels leads a connection to the worker's rpc-server and counts its bytes", async () => {
  await using split = await Split.start();
  const { client, server } = await split.connected();
  await writeAll(client, pattern(3_000));
  assert.deepEqual(await readExactly(server, 3_000), pattern(3_000));
  await writeAll(server, pattern(5_000));
  assert.deepEqual(await readExactly(client, 5_000), pattern(5_000));
  const [open] = split.counts.snapshot();
  assert.deepEqual({ ...open, bytesSent: undefined }, {
    peer: WORKER,
    kind: "rpc",
    streams: 1,
    bytesSent: undefined,
    bytesReceived: 5_000,
    weightBytesSaved: 0,
  });
  assert.equal(open?.bytesSent, 3_000 + encodeRpcOpening(SPLIT).length);
  client.close();
  server.close();
});

Deno.test("RpcTunnels keeps a peer's port until the split is over", async () => {
  await using split = await Split.start();
  const port = split.tunnels.ensure(WORKER);
  assert.equal(split.tunnels.ensure(WORKER), port);
  const another = split.tunnels.ensure("another");
  assert.notEqual(another, port);
  await split.tunnels.stop();
  for (const closed of [port, another]) {
    await assert.rejects(Deno.connect({ hostname: "127.0.0.1", port: closed }));
  }
});

Deno.test("RpcTunnels hangs up at once while no llama-server may use the workers", async () => {
  await using split = await Split.start();
  split.mayPass = false;
  assert.ok(await isOver(await split.connect()));
  assert.deepEqual(split.counts.snapshot(), []);
});

Deno.test("RpcTunnels hangs up when the worker can't be reached", async () => {
  await using split = await Split.start();
  await split.quic[Symbol.asyncDispose]();
  assert.ok(await isOver(await split.connect()));
});

Deno.test("an early connection waits for its rpc-server and then loses nothing", async () => {
  const gate = new HeldGate();
  await using split = await Split.start(gate);
  const client = await split.connect();
  await writeAll(client, pattern(100_000));
  const { asked } = await gate.asked.promise;
  assert.deepEqual(asked, { peer: HOST, term: 7, model: MODEL });
  gate.open(split.server.addr.port);
  const server = await split.server.accept();
  assert.deepEqual(await readExactly(server, 100_000), pattern(100_000));
  client.close();
  assert.equal(await server.read(new Uint8Array(1)), null);
  server.close();
});

Deno.test("an early connection that hangs up is no longer waited for and never reaches rpc-server", async () => {
  const gate = new HeldGate();
  await using split = await Split.start(gate);
  const client = await split.connect();
  await writeAll(client, pattern(10));
  const { signal } = await gate.asked.promise;
  const aborted = once(signal, "abort");
  client.close();
  await aborted;
  gate.open(split.server.addr.port);
  await split.quic.idle();
  assert.equal(split.quic.handled, 1);
  assert.equal(await firstToArrive(split), "probe");
});

/** Connects to the server directly: whatever the tunnel had brought there would be accepted before. */
async function firstToArrive(split: Split): Promise<string> {
  const probe = await Deno.connect({ hostname: "127.0.0.1", port: split.server.addr.port });
  await writeAll(probe, new TextEncoder().encode("probe"));
  await probe.closeWrite();
  const accepted = await split.server.accept();
  const said = new TextDecoder().decode(await readToEnd(accepted));
  accepted.close();
  probe.close();
  return said;
}

Deno.test("a term that the worker does not obey is reset, and llama-server sees the end", async () => {
  await using split = await Split.start({
    admit: ({ term }) => Promise.reject(new Error(`Term ${term} is over`)),
  });
  assert.ok(await isOver(await split.connect()));
  await split.quic.idle();
  assert.equal(split.counts.snapshot()[0]?.streams, 0);
});

Deno.test("an rpc-server that is gone ends the connection", async () => {
  const gate = new HeldGate();
  await using split = await Split.start(gate);
  const gone = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  gate.open(gone.addr.port);
  gone.close();
  assert.ok(await isOver(await split.connect()));
});

Deno.test("streams end when the worker resets their split, and the next are served", async () => {
  await using split = await Split.start();
  const pairs = [await split.connected(), await split.connected()];
  split.workerEnd.reset(MODEL);
  for (const { client, server } of pairs) {
    assert.ok(await isOver(client));
    assert.ok(await isOver(server));
  }
  const { client, server } = await split.connected();
  await writeAll(client, pattern(10));
  assert.deepEqual(await readExactly(server, 10), pattern(10));
  client.close();
  server.close();
});

Deno.test("streams end with the host's split", async () => {
  await using split = await Split.start();
  const pairs = [await split.connected(), await split.connected()];
  await split.tunnels.stop();
  for (const { client, server } of pairs) {
    assert.ok(await isOver(client));
    assert.ok(await isOver(server));
  }
});

/** Two rpc-servers of one worker, by their splits: what a host with both splits reaches. */
async function twoSplits() {
  const stack = new AsyncDisposableStack();
  const quic = stack.use(await QuicPair.connect());
  const servers = [MODEL, OTHER].map((model) => ({
    model,
    listener: stack.use(Deno.listen({ hostname: "127.0.0.1", port: 0 })),
  }));
  const gate: RpcGate = {
    admit: ({ model = MODEL }) => {
      const { port } = servers.find((one) => one.model.name === model.name)!.listener.addr;
      return Promise.resolve({ port, model });
    },
  };
  const workerEnd = new RpcServerEnd({ gate, logger });
  quic.serve((stream) => workerEnd.handle(stream, HOST));
  const tunnelsOf = (model: typeof MODEL) => {
    const open = () => quic.open();
    const split = { model, term: 1 };
    const tunnels = new RpcTunnels({ open, split, mayPass: () => true, logger });
    stack.defer(() => tunnels.stop());
    return tunnels;
  };
  const connected = async (tunnels: RpcTunnels, model: typeof MODEL) => {
    const client = await Deno.connect({ hostname: "127.0.0.1", port: tunnels.ensure(WORKER) });
    const server = await servers.find((one) => one.model === model)!.listener.accept();
    return { client: stack.use(client), server: stack.use(server) };
  };
  return {
    quic,
    servers,
    workerEnd,
    tunnelsOf,
    connected,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

Deno.test("two splits of one term between two nodes never meet, and one ends without the other", async () => {
  const rounds = ["reset", "stop"] as const;
  for (const ending of rounds) {
    await using both = await twoSplits();
    const [tunnels, others] = [both.tunnelsOf(MODEL), both.tunnelsOf(OTHER)];
    assert.notEqual(tunnels.ensure(WORKER), others.ensure(WORKER));
    const one = await both.connected(tunnels, MODEL);
    const other = await both.connected(others, OTHER);
    await writeAll(one.client, pattern(1_000, 1));
    await writeAll(other.client, pattern(1_000, 2));
    assert.deepEqual(await readExactly(one.server, 1_000), pattern(1_000, 1));
    if (ending === "reset") both.workerEnd.reset(MODEL);
    else await tunnels.stop();
    for (const conn of [one.client, one.server]) {
      assert.equal(await conn.read(new Uint8Array(1)).catch(() => null), null);
    }
    assert.deepEqual(await readExactly(other.server, 1_000), pattern(1_000, 2));
    await writeAll(other.server, pattern(500));
    assert.deepEqual(await readExactly(other.client, 500), pattern(500));
  }
});

Deno.test("a stream of an earlier version, which names no model, ends with the split that it was let in to", async () => {
  await using both = await twoSplits();
  const stream = await both.quic.open();
  await stream.write(encodeRpcOpening({ term: 1 }));
  using server = await both.servers[0]!.listener.accept();
  both.workerEnd.reset(OTHER);
  await stream.write(pattern(100));
  assert.deepEqual(await readExactly(server, 100), pattern(100));
  both.workerEnd.reset(MODEL);
  await assert.rejects(stream.read());
});

Deno.test("reset() ends streams that still wait for their rpc-server, but none of another split", async () => {
  const gate = new HeldGate();
  await using split = await Split.start(gate);
  const client = await split.connect();
  const { signal } = await gate.asked.promise;
  split.workerEnd.reset(OTHER);
  assert.ok(!signal.aborted);
  split.workerEnd.reset(MODEL);
  assert.ok(signal.aborted);
  gate.answer.reject(signal.reason);
  assert.ok(await isOver(client));
});

Deno.test("200 connections one after the other leave no stream behind", async () => {
  await using split = await Split.start();
  for (let i = 0; i < 200; i++) {
    const { client, server } = await split.connected();
    await writeAll(client, pattern(100, i));
    assert.deepEqual(await readExactly(server, 100), pattern(100, i));
    // As llama-server and rpc-server do: the first closes, the second follows.
    client.close();
    assert.equal(await server.read(new Uint8Array(1)), null);
    server.close();
  }
  await split.tunnels.stop();
  await split.quic.idle();
  assert.equal(split.quic.handled, 200);
  assert.equal(split.counts.snapshot()[0]?.streams, 0);
});

Deno.test("RpcServerEnd resets a stream that does not begin with an opening", async () => {
  await using split = await Split.start();
  const stream = await split.quic.open();
  await stream.write(pattern(100));
  await assert.rejects(stream.read());
  await split.quic.idle();
});
