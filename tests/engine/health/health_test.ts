import assert from "node:assert/strict";
import { acceptsConnections, isHealthy, waitUntil } from "../../../src/engine/health/health.ts";
import { freePort } from "../../../src/engine/process/free_port.ts";

for (const [status, healthy] of [[200, true], [503, false]] as const) {
  Deno.test(`isHealthy() is ${healthy} for ${status}`, async () => {
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => new Response(null, { status: request.url.endsWith("/health") ? status : 404 }),
    );
    assert.equal(await isHealthy(server.addr.port), healthy);
  });
}

Deno.test("nothing is healthy or accepts where nobody listens", async () => {
  const port = freePort();
  assert.equal(await isHealthy(port), false);
  assert.equal(await acceptsConnections(port), false);
});

Deno.test("isHealthy() is false for a server that hangs up", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted = listener.accept().then((connection) => connection.close());
  assert.equal(await isHealthy(listener.addr.port), false);
  await accepted;
});

Deno.test("acceptsConnections() leaves no connection behind", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  assert.equal(await acceptsConnections(listener.addr.port), true);
  using connection = await listener.accept();
  assert.equal(await connection.read(new Uint8Array(1)), null);
});

Deno.test("waitUntil() looks again, and ends with the signal", async () => {
  let looks = 0;
  const abort = new AbortController();
  await waitUntil(() => Promise.resolve(++looks === 3), abort.signal);
  assert.equal(looks, 3);
  const waiting = waitUntil(() => Promise.resolve(false), abort.signal);
  abort.abort();
  await assert.rejects(waiting, { name: "AbortError" });
});
