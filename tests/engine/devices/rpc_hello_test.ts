import assert from "node:assert/strict";
import {
  askRpcProtocol,
  helloRequest,
  parseHelloResponse,
} from "../../../src/engine/devices/rpc_hello.ts";

function response(size: number, ...bytes: number[]): Uint8Array {
  const all = new Uint8Array(8 + bytes.length);
  new DataView(all.buffer).setBigUint64(0, BigInt(size), true);
  all.set(bytes, 8);
  return all;
}

Deno.test("helloRequest() is a command, a size and as many zeros", () => {
  assert.deepEqual([...helloRequest(0)], [14, 0, 0, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual([...helloRequest(2)], [14, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
});

for (
  const { name, bytes, version } of [
    { name: "3 bytes", bytes: response(3, 3, 7, 0), version: "3.7.0" },
    { name: "28 bytes", bytes: response(28, 8, 0, 1, ...Array(25).fill(0)), version: "8.0.1" },
    { name: "an unfinished response", bytes: response(28, 8, 0, 0), version: undefined },
    { name: "an unfinished size", bytes: new Uint8Array(4), version: undefined },
    { name: "another size", bytes: response(2, 8, 0), version: undefined },
  ]
) {
  Deno.test(`parseHelloResponse() of ${name} is ${version}`, () => {
    assert.equal(parseHelloResponse(bytes), version);
  });
}

/** A server of one version of the wire: it hangs up on requests of another size, as rpc-server does. */
function rpcPeer(expectedBytes: number, answer: Uint8Array) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const ended = (async () => {
    for await (const connection of listener) {
      using _ = connection;
      const request = new Uint8Array(64);
      const count = await connection.read(request);
      if (count !== 9 + expectedBytes) continue;
      for (const byte of answer) await connection.write(new Uint8Array([byte]));
      await connection.read(request);
    }
  })();
  return {
    port: listener.addr.port,
    async [Symbol.asyncDispose]() {
      listener.close();
      await ended;
    },
  };
}

Deno.test("askRpcProtocol() understands a server that wants capabilities", async () => {
  await using peer = rpcPeer(24, response(28, 8, 0, 0, ...Array(25).fill(0)));
  assert.equal(await askRpcProtocol(peer.port, new AbortController().signal), "8.0.0");
});

Deno.test("askRpcProtocol() asks again without capabilities where a server of 3.x hangs up", async () => {
  await using peer = rpcPeer(0, response(3, 3, 7, 0));
  assert.equal(await askRpcProtocol(peer.port, new AbortController().signal), "3.7.0");
});

Deno.test("askRpcProtocol() finds no version where both questions are refused", async () => {
  await using peer = rpcPeer(7, new Uint8Array());
  assert.equal(await askRpcProtocol(peer.port, new AbortController().signal), undefined);
});

Deno.test("askRpcProtocol() ends with the signal's reason while a server says nothing", async () => {
  await using peer = rpcPeer(24, new Uint8Array());
  const abort = new AbortController();
  const asked = askRpcProtocol(peer.port, abort.signal);
  abort.abort(new Error("enough"));
  await assert.rejects(asked, /enough/);
});
