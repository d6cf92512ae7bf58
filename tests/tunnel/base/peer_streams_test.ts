import { getLogger } from "@logtape/logtape";
import assert from "node:assert/strict";
import {
  type ModelRef,
  RpcServerEnd,
  RpcTunnels,
  TunnelCounts,
  type WeightSource,
} from "../../../src/tunnel/mod.ts";
import { RpcCommand } from "../../../src/tunnel/rpc_wire/commands.ts";
import { recording } from "../../support/rpc/recordings.ts";
import { QuicPair } from "../quic_pair.ts";
import { request } from "../rpc_wire/frames.ts";
import { pattern, readExactly, writeAll } from "../tcp_pair.ts";

const logger = getLogger("test");
const MODEL = { name: "big", fingerprint: "0f".repeat(32) };
type TranslatePort = (host: string, model: ModelRef, port: number) => number | undefined;

/** The tunnel port of the recorded host that leads to the other worker. */
const HOST_PORT = 50_812;

const NO_WEIGHTS: WeightSource = {
  named: () => [],
  isCurrent: () => Promise.resolve(false),
  read: () => Promise.resolve(undefined),
  keep: () => undefined,
};

/** One tunnel over QUIC to a listener in the place of an rpc-server. */
class Tunnel implements AsyncDisposable {
  readonly rpcServer = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly counts = new TunnelCounts();
  readonly tunnels: RpcTunnels;

  static async open(
    to: string,
    allowed: (peer: string) => boolean,
    translatePort: TranslatePort = () => undefined,
  ): Promise<Tunnel> {
    return new Tunnel(await QuicPair.connect(), to, allowed, translatePort);
  }

  private constructor(
    private readonly quic: QuicPair,
    private readonly to: string,
    allowed: (peer: string) => boolean,
    translatePort: TranslatePort,
  ) {
    this.tunnels = new RpcTunnels({
      open: this.counts.counting(() => quic.open(), "rpc"),
      split: { model: MODEL, term: 4 },
      mayPass: allowed,
      logger,
      weights: NO_WEIGHTS,
    });
    const end = new RpcServerEnd({
      gate: { admit: () => Promise.resolve({ port: this.rpcServer.addr.port, model: MODEL }) },
      logger,
      weights: NO_WEIGHTS,
      translatePort,
    });
    quic.serve((stream) => end.handle(stream, "host"));
  }

  get port(): number {
    return this.tunnels.ensure(this.to);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.tunnels.stop();
    await this.quic[Symbol.asyncDispose]();
    this.rpcServer.close();
  }
}

Deno.test("a worker's rpc-server reaches the other worker by the port that REGISTER_PEER names", async () => {
  const recorded = recording("fork-3.7.0-register-peer");
  await using between = await Tunnel.open("b", (peer) => peer === "b");
  await using toA = await Tunnel.open(
    "a",
    () => true,
    (host, model, port) =>
      host === "host" && model.name === MODEL.name && port === HOST_PORT ? between.port : undefined,
  );
  using llamaServer = await Deno.connect({ hostname: "127.0.0.1", port: toA.port });
  await writeAll(llamaServer, recorded.request.subarray(0, 9));
  using rpcServerA = await toA.rpcServer.accept();
  await readExactly(rpcServerA, 9);
  await writeAll(rpcServerA, recorded.reply.subarray(0, 11));
  await readExactly(llamaServer, 11);
  await writeAll(llamaServer, recorded.request.subarray(9));
  const registered = await readExactly(rpcServerA, recorded.request.length - 9);
  const port = /127\.0\.0\.1:(\d+)\0/.exec(new TextDecoder("latin1").decode(registered))?.[1];
  assert.equal(Number(port), between.port);

  // As the fork's rpc-server does: a HELLO of its own, then tensors.
  using caller = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
  const hello = request(RpcCommand.HELLO, new Uint8Array(0));
  await writeAll(caller, hello);
  using called = await between.rpcServer.accept();
  assert.deepEqual(await readExactly(called, hello.length), hello);
  await writeAll(called, recorded.reply.subarray(0, 11));
  await readExactly(caller, 11);
  const tensor = request(RpcCommand.PEER_TENSOR_DATA, pattern(300_000));
  const [arrived] = await Promise.all([
    readExactly(called, tensor.length),
    writeAll(caller, tensor),
  ]);
  assert.deepEqual(arrived.subarray(0, 9), tensor.subarray(0, 9));
  assert.ok(arrived.every((byte, index) => byte === tensor[index]));
  assert.equal(between.counts.snapshot()[0]?.streams, 1);
});

Deno.test("a port to a worker that is no peer worker hangs up at once", async () => {
  await using between = await Tunnel.open("b", () => false);
  using caller = await Deno.connect({ hostname: "127.0.0.1", port: between.port });
  assert.equal(await caller.read(new Uint8Array(1)), null);
  assert.deepEqual(between.counts.snapshot(), []);
});
