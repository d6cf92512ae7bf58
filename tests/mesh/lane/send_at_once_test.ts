import assert from "node:assert/strict";
import { sendAtOnce } from "../../../src/mesh/lane/send_at_once.ts";
import { LanePair } from "./lane_pair.ts";

const libc = Deno.build.os === "linux"
  ? Deno.dlopen("libc.so.6", {
    getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
    getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  }).symbols
  : undefined;

/** TCP_NODELAY of this process's TCP sockets with that port of their own. */
function noDelays(port: number): boolean[] {
  return [...Deno.readDirSync("/proc/self/fd")].flatMap(({ name }) => {
    const [address, value] = [new Uint8Array(28), new Int32Array(1)];
    const sizeOf = (bytes: ArrayBufferView) => new Uint32Array([bytes.byteLength]);
    libc!.getsockname(Number(name), address, sizeOf(address));
    const isThere = new DataView(address.buffer).getUint16(2) === port &&
      libc!.getsockopt(Number(name), 6, 1, value, sizeOf(value)) === 0;
    return isThere ? [value[0] !== 0] : [];
  });
}

Deno.test({
  name: "connections that come in by the lane send what they have at once, as those that go out do",
  ignore: libc === undefined,
  async fn() {
    await using pair = await LanePair.start();
    const [near] = await pair.stream();
    const { port } = pair.far;
    assert.ok(noDelays(port).length >= 2, "the listener and what it has accepted");
    assert.ok(noDelays(port).every((isSet) => isSet));
    near.reset(new Error("Enough"));
  },
});

Deno.test({
  name: "sendAtOnce() is told of no listener but that of the port",
  ignore: libc === undefined,
  fn() {
    using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    const datagrams = Deno.listenDatagram({ hostname: "127.0.0.1", port, transport: "udp" });
    assert.equal(sendAtOnce(port), 1);
    assert.deepEqual(noDelays(port), [true]);
    assert.deepEqual(noDelays(other.addr.port), [false]);
    datagrams.close();
  },
});
