/** Calls of UPnP, to a router of a few lines on this machine. */

import assert from "node:assert/strict";
import { UpnpRouter } from "../../../src/mesh/mapping/upnp.ts";
import { textOf } from "../../../src/mesh/mapping/xml.ts";

const TYPE = "urn:schemas-upnp-org:service:WANIPConnection:1";
const CONFLICT = "<errorCode>718</errorCode><errorDescription>Conflict</errorDescription>";
const ROUTE = { router: "127.0.0.1", own: "127.0.0.1" };

/** It lets everybody take back every port, as many do, and has some that are others'. */
function startRouter(taken: (port: number) => boolean) {
  const [asked, takenBack]: [number[], number[]] = [[], []];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (call) => {
      const body = await call.text();
      const port = Number(textOf(body, "NewExternalPort"));
      if (body.includes("DeletePortMapping")) takenBack.push(port);
      else asked.push(port);
      return new Response(body.includes("AddPortMapping") && taken(port) ? CONFLICT : "");
    },
  );
  const url = new URL(`http://127.0.0.1:${server.addr.port}/`);
  const router = new UpnpRouter(ROUTE, { type: TYPE, url });
  return { router, asked, takenBack, [Symbol.asyncDispose]: () => server.shutdown() };
}

const request = { port: 47_001, externalPort: 47_001, signal: AbortSignal.timeout(20_000) };

Deno.test("the port that was granted is taken back, not the one that was wished for", async () => {
  await using home = startRouter((port) => port === 47_001);
  const { router, asked, takenBack } = home;
  assert.equal(await router.map(request), 47_002);
  await router.unmap(request);
  await router.unmap(request);
  assert.deepEqual([asked, takenBack], [[47_001, 47_002], [47_002]]);
});

Deno.test("ports of other machines are left to them, however many there are", async () => {
  await using home = startRouter(() => true);
  const { router, asked, takenBack } = home;
  await assert.rejects(router.map(request), /it refuses: Conflict/);
  await router.unmap(request);
  assert.equal(asked.length, 8);
  assert.deepEqual(takenBack, []);
});
