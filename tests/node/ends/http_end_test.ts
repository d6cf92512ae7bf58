import { getLogger } from "@logtape/logtape";
import assert from "node:assert/strict";
import { Demand } from "../../../src/node/plan/demand.ts";
import { HttpEnd } from "../../../src/node/ends/http_end.ts";
import type { Mesh } from "../../../src/mesh/mod.ts";
import { TunnelCounts, TunnelError } from "../../../src/tunnel/mod.ts";

/** The end of a node that has no model. */
function endOf(handle: Mesh["handle"]): HttpEnd {
  return new HttpEnd({
    mesh: { handle } as unknown as Mesh,
    counts: new TunnelCounts(),
    logger: getLogger("test"),
    demand: new Demand(),
    find: () => null,
    isRetired: () => false,
    idle: { asked() {}, answered() {} },
  });
}

Deno.test("A caller that has gone is not taken for a crash of llama-server", async () => {
  const end = endOf(() => {});
  let looks = 0;
  const crashed = () => Promise.resolve(++looks > 0);
  const server = { baseUrl: "http://127.0.0.1:1", apiKey: null, crashed };
  const gone = new TunnelError("The caller hung up");
  const asking = end.ask(server, {
    method: "POST",
    path: "/v1/chat/completions",
    headers: new Headers(),
    body: null,
    signal: AbortSignal.abort(gone),
  });
  await assert.rejects(asking, gone);
  assert.equal(looks, 0);
});

Deno.test("Requests of other nodes are counted until they end, however they end", async () => {
  type Handler = Parameters<Mesh["handle"]>[2];
  let handler: Handler | undefined;
  const end = endOf((_protocol, _limits, one) => handler = one);
  const coming = Promise.withResolvers<null>();
  const stream = {
    read: () => coming.promise,
    write: () => Promise.resolve(),
    close: () => Promise.resolve(),
    abort() {},
  } as unknown as Parameters<Handler>[0];
  const peer = { id: "peer", role: "member" } as Parameters<Handler>[1];
  const handled = handler!(stream, peer);
  assert.equal(end.answering, 1);
  coming.resolve(null);
  await Promise.allSettled([handled]);
  assert.equal(end.answering, 0);
});
