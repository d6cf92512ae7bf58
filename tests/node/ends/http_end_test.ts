import { getLogger } from "@logtape/logtape";
import assert from "node:assert/strict";
import { Demand } from "../../../src/node/plan/demand.ts";
import { HttpEnd } from "../../../src/node/ends/http_end.ts";
import type { Mesh } from "../../../src/mesh/mod.ts";
import { TunnelCounts, TunnelError } from "../../../src/tunnel/mod.ts";

Deno.test("A caller that has gone is not taken for a crash of llama-server", async () => {
  const end = new HttpEnd({
    mesh: { handle() {} } as unknown as Mesh,
    counts: new TunnelCounts(),
    logger: getLogger("test"),
    demand: new Demand(),
    find: () => null,
    isRetired: () => false,
    idle: { asked() {}, answered() {} },
  });
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
