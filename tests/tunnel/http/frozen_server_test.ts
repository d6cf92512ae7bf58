/** A llama-server that is frozen and that the system does not let go: its connections stay open, and nothing comes. */

import assert from "node:assert/strict";
import { forwardLocal, TunnelError } from "../../../src/tunnel/mod.ts";
import { HttpLine, requestOf } from "../http_line.ts";

/** Takes everything and says no more than `head`. */
function silentServer(head: string) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const freeze = new AbortController();
  const taken = Promise.withResolvers<void>();
  const connections: Deno.TcpConn[] = [];
  const serving = (async () => {
    for await (const connection of listener) {
      connections.push(connection);
      await connection.read(new Uint8Array(4_096));
      await connection.write(new TextEncoder().encode(head));
      taken.resolve();
    }
  })();
  return {
    target: {
      baseUrl: `http://127.0.0.1:${listener.addr.port}`,
      apiKey: null,
      frozen: freeze.signal,
    },
    taken: taken.promise,
    freeze: () => freeze.abort(new Error("llama-server is frozen: a signal has stopped it")),
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving;
      connections.forEach((connection) => connection.close());
    },
  };
}

const HEAD =
  "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 999\r\n\r\ndata: 1\n\n";
const FROZEN = { name: TunnelError.name, message: /llama-server is frozen/ };

Deno.test("forwardLocal() gives up a frozen server before its head, and asks none that is known to be", async () => {
  await using server = await silentServer("");
  const asked = assert.rejects(forwardLocal(server.target, requestOf({})), FROZEN);
  await server.taken;
  server.freeze();
  await asked;
  await assert.rejects(forwardLocal(server.target, requestOf({})), FROZEN);
});

Deno.test("forwardLocal() tells once that a server is frozen behind its head", async () => {
  await using server = await silentServer(HEAD);
  const lost: Error[] = [];
  const ending = new AbortController();
  const request = {
    ...requestOf({ signal: ending.signal }),
    lost: (reason: Error) => lost.push(reason),
  };
  const response = await forwardLocal(server.target, request);
  server.freeze();
  assert.equal(lost.length, 1);
  assert.match(lost[0]!.message, FROZEN.message);
  await response.body?.cancel().catch(() => {});
  ending.abort();
});

Deno.test("forwardLocal() tells nobody whose request has ended", async () => {
  await using server = await silentServer(HEAD);
  const ending = new AbortController();
  const request = {
    ...requestOf({ signal: ending.signal }),
    lost: () => assert.fail("it has ended"),
  };
  const response = await forwardLocal(server.target, request);
  ending.abort();
  await response.body?.cancel().catch(() => {});
  server.freeze();
});

for (const [where, head] of [["before", ""], ["behind", HEAD]] as const) {
  Deno.test(`the host breaks a peer's answer off where its server freezes ${where} the head`, async () => {
    await using server = await silentServer(head);
    await using line = await HttpLine.open(() => server.target);
    const read = async () => await (await line.ask()).text();
    const asked = assert.rejects(read(), { name: TunnelError.name });
    await server.taken;
    server.freeze();
    await asked;
    assert.equal(await line.openStreams(), 0);
  });
}
