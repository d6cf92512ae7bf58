import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate } from "node:timers/promises";
import { requestOf } from "../../../src/api/http/node_request.ts";

// A handler that first asks which user a connection belongs to reads the body only then: it was waited for to its end
// for ever.
Deno.test("a body that has come whole before it is read is read to its end", async () => {
  const signal = new AbortController().signal;
  const server = createServer(async (incoming, outgoing) => {
    const request = requestOf(incoming, { signal, wanted: () => {} });
    while (!incoming.complete) await setImmediate();
    outgoing.end(await request.text());
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const body of ["", "small", "x".repeat(50_000)]) {
    const answer = await fetch(url, { method: "POST", body, signal: AbortSignal.timeout(5_000) });
    assert.equal(await answer.text(), body);
  }
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
});
