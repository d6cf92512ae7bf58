import { getLogger } from "@logtape/logtape";
import assert from "node:assert/strict";
import { type GatewayInstance, InstanceUnavailableError } from "../../../src/api/mod.ts";
import type { Mesh, ModelRef } from "../../../src/mesh/mod.ts";
import { Gateway } from "../../../src/node/ends/gateway.ts";
import { HttpEnd } from "../../../src/node/ends/http_end.ts";
import { Demand } from "../../../src/node/plan/demand.ts";
import { serverFor } from "../../../src/node/serving/job.ts";
import { TunnelCounts } from "../../../src/tunnel/mod.ts";

const A = { name: "a", fingerprint: "1" };
const B = { name: "b", fingerprint: "1" };
const A_ANEW = { name: "a", fingerprint: "2" };

class OwnGateway extends Gateway {
  freshen = () => Promise.resolve();
  requestLoad = () => Promise.resolve(false);
}

/** A node's gateway, its own end of requests, and a llama-server that answers any request at all. */
function serving(served: ModelRef, retired: ModelRef | null) {
  const asked: string[] = [];
  const http = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/props") return Response.json({ total_slots: 1 });
    asked.push(pathname);
    return Response.json({ model: served.name });
  });
  const server = { baseUrl: `http://127.0.0.1:${http.addr.port}`, apiKey: null };
  const job = { instance: { model: served }, server } as Parameters<typeof serverFor>[0][number];
  const mesh = { self: "me", handle() {} } as unknown as Mesh;
  const demand = new Demand();
  const isRetired = (model: ModelRef) =>
    model.name === retired?.name && model.fingerprint === retired.fingerprint;
  const end = new HttpEnd({
    mesh,
    counts: new TunnelCounts(),
    logger: getLogger("test"),
    demand,
    find: (model) => serverFor([job], model),
    isRetired,
    idle: { asked() {}, answered() {} },
  });
  const gateway = new OwnGateway({
    mesh,
    openHttp: () => Promise.reject(new Error("Nobody else is asked")),
    askLocal: (model, request) => end.askOwn(model, request),
    hasRetired: isRetired,
    ownModel: () => served,
    record() {},
  });
  return { gateway, asked, demand, [Symbol.asyncDispose]: () => http.shutdown() };
}

function instanceOf({ name: model, fingerprint }: ModelRef): GatewayInstance {
  const sizes = { sizeBytes: 7, contextLength: 4_096 };
  return { host: "me", id: model, model, fingerprint, local: true, mode: "solo", ...sizes };
}

function request(signal: AbortSignal, path = "/v1/completions") {
  const headers = new Headers({ "content-type": "application/json" });
  const body = new TextEncoder().encode("{}");
  return { requestId: "r", asked: "a", method: "POST", path, headers, body, signal };
}

// The further requests of a continuation are held to the model too.
for (const path of ["/v1/completions", "/v1/chat/completions", "/apply-template", "/tokenize"]) {
  for (const served of [B, A_ANEW]) {
    for (const retired of [A, null]) {
      const how = retired === null ? "is not there" : "was ended here";
      Deno.test(`A request ${path} for a model that ${how} is not answered by ${served.name} ${served.fingerprint}`, async () => {
        await using node = serving(served, retired);
        const ending = new AbortController();
        const forwarded = node.gateway.forward(instanceOf(A), request(ending.signal, path));
        await assert.rejects(forwarded, (error) => {
          assert.ok(error instanceof InstanceUnavailableError);
          assert.equal(error.wasAsked, false);
          assert.equal(error.isRetired, retired !== null);
          return true;
        });
        ending.abort();
        assert.deepEqual(node.asked, []);
        assert.ok(!node.demand.isThere);
      });
    }
  }
}

Deno.test("A request for the model that is served here is answered", async () => {
  await using node = serving(A, null);
  const ending = new AbortController();
  const response = await node.gateway.forward(instanceOf(A), request(ending.signal));
  assert.deepEqual(await response.json(), { model: "a" });
  ending.abort();
});

Deno.test("A gateway counts the requests whose answers have not ended", () => {
  class CountedGateway extends OwnGateway {
    get now() {
      return this.answering;
    }
  }
  const gateway = new CountedGateway({
    mesh: { self: "me" } as Mesh,
    openHttp: () => Promise.reject(new Error("Nobody is asked")),
    askLocal: () => null,
    ownModel: () => null,
    record() {},
  });
  gateway.begin();
  gateway.begin();
  assert.equal(gateway.now, 2);
  gateway.record({} as Parameters<Gateway["record"]>[0]);
  assert.equal(gateway.now, 1);
});
