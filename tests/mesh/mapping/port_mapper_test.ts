/** A node's port of its router, over routers that refuse, forget and go away. */

import assert from "node:assert/strict";
import { getLogger } from "@logtape/logtape";
import {
  MAPPING_LOOK_MS,
  MAPPING_RENEW_MS,
  MAPPING_RETRY_MS,
} from "../../../src/mesh/mapping/defaults.ts";
import { PortMapper } from "../../../src/mesh/mapping/port_mapper.ts";
import { PortMappers } from "../../../src/mesh/mapping/port_mappers.ts";
import type { Route } from "../../../src/mesh/mapping/route.ts";
import type { FindRouter, MapRequest, Router } from "../../../src/mesh/mapping/router.ts";
import { HandClock, settled } from "../hand_clock.ts";

/** A router that does as the test says. */
class TestRouter implements Router {
  readonly by = "UPnP";
  address = "45.76.1.1";
  /** The port outside for a wish; a text refuses. */
  answer = (wished: number): number | string => wished;
  readonly asked: number[] = [];
  readonly open = new Set<number>();

  externalAddress(): Promise<string> {
    return Promise.resolve(this.address);
  }

  // deno-lint-ignore require-await -- what it throws comes as a rejection
  async map({ externalPort, signal }: MapRequest): Promise<number> {
    signal.throwIfAborted();
    this.asked.push(externalPort);
    const answer = this.answer(externalPort);
    if (typeof answer === "string") throw new Error(answer);
    this.open.add(answer);
    return answer;
  }

  unmap({ externalPort }: MapRequest): Promise<void> {
    this.open.delete(externalPort);
    return Promise.resolve();
  }
}

const HOME: Route = { router: "192.168.1.1", own: "192.168.1.10" };

function mapperOf(find: FindRouter, routes: Route[] = [HOME]) {
  const clock = new HandClock();
  const seen: string[] = [];
  const mapper = new PortMapper({
    port: 47_001,
    routes: () => Promise.resolve([...routes]),
    finders: [() => Promise.resolve(null), find],
    clock,
    logger: getLogger("test"),
    changed: () => seen.push(`${mapper.view.state} ${mapper.view.address}`),
  });
  mapper.start();
  return { mapper, clock, seen, routes };
}

Deno.test("a port is held by asking for it again, said once, and taken back at the end", async () => {
  const router = new TestRouter();
  router.answer = (wished) => wished === 47_001 ? 47_005 : wished;
  const { mapper, clock, seen } = mapperOf(() => Promise.resolve(router));
  await settled();
  assert.deepEqual(mapper.view, {
    state: "mapped",
    by: "UPnP",
    address: "45.76.1.1:47005",
    problem: null,
  });
  await clock.pass(3 * MAPPING_RENEW_MS);
  assert.deepEqual(router.asked.slice(0, 3), [47_001, 47_005, 47_005]);
  assert.ok(router.asked.length <= 5);
  assert.deepEqual(seen, ["mapped 45.76.1.1:47005"]);
  router.address = "45.76.1.2";
  await clock.pass(MAPPING_RENEW_MS + MAPPING_LOOK_MS);
  assert.deepEqual(seen.slice(1), ["mapped 45.76.1.2:47005"]);
  await mapper.stop();
  assert.deepEqual([...router.open], []);
  assert.equal(mapper.view.state, "off");
  assert.equal(clock.waiting.size, 0);
});

Deno.test("a refusal is told in the router's words, and it is asked again later", async () => {
  const router = new TestRouter();
  router.answer = () => "it refuses: Not authorized (UPnP error 606)";
  const { mapper, clock } = mapperOf(() => Promise.resolve(router));
  await settled();
  assert.equal(mapper.view.state, "none");
  assert.equal(
    mapper.view.problem,
    "The router 192.168.1.1 opens no port: it refuses: Not authorized (UPnP error 606)",
  );
  await clock.pass(MAPPING_RETRY_MS / 2);
  assert.equal(router.asked.length, 1);
  router.answer = (wished) => wished;
  await clock.pass(MAPPING_RETRY_MS);
  assert.equal(mapper.view.state, "mapped");
  await mapper.stop();
});

Deno.test("behind two routers nothing stays open, and no address is given out", async () => {
  const router = new TestRouter();
  for (const address of ["192.168.0.5", "100.64.1.1", "10.1.1.1", "172.16.0.1", "0.0.0.0"]) {
    router.address = address;
    const { mapper } = mapperOf(() => Promise.resolve(router));
    await settled();
    assert.equal(mapper.view.state, "hidden", address);
    assert.deepEqual([...router.open], []);
    await mapper.stop();
  }
});

Deno.test("another network: its router is asked at once, and the old address is gone", async () => {
  const routers = new Map([["192.168.1.1", new TestRouter()], ["10.0.0.1", new TestRouter()]]);
  routers.get("10.0.0.1")!.address = "46.1.1.1";
  const find: FindRouter = ({ router }) => Promise.resolve(routers.get(router) ?? null);
  const { mapper, clock, seen, routes } = mapperOf(find);
  await settled();
  routes.splice(0, 1, { router: "10.0.0.1", own: "10.0.0.7" });
  await clock.pass(MAPPING_LOOK_MS);
  assert.deepEqual(seen, ["mapped 45.76.1.1:47001", "mapped 46.1.1.1:47001"]);
  routes.splice(0, 1);
  await clock.pass(MAPPING_LOOK_MS);
  assert.equal(mapper.view.state, "none");
  await mapper.stop();
});

Deno.test("a router that was switched off and on is asked anew, and one that has gone is told", async () => {
  let router: TestRouter | null = new TestRouter();
  const { mapper, clock } = mapperOf(() => Promise.resolve(router));
  await settled();
  const first = router;
  first.answer = () => "it does not answer any more";
  router = new TestRouter();
  await clock.pass(MAPPING_RENEW_MS + MAPPING_LOOK_MS);
  assert.equal(mapper.view.state, "mapped");
  assert.deepEqual([...router.open], [47_001]);
  router.answer = () => "it does not answer any more";
  router = null;
  await clock.pass(MAPPING_RENEW_MS + MAPPING_LOOK_MS);
  assert.equal(mapper.view.state, "none");
  await mapper.stop();
});

Deno.test("a stop in the middle of an answer takes the port back", async () => {
  const router = new TestRouter();
  const asked = Promise.withResolvers<void>();
  const map = router.map.bind(router);
  router.map = async (request) => {
    const port = await map(request);
    asked.resolve();
    // The answer is on its way, and nobody waits for it.
    return await new Promise((_, reject) =>
      request.signal.addEventListener("abort", () => reject(request.signal.reason), { once: true })
    ).then(() => port);
  };
  const { mapper } = mapperOf(() => Promise.resolve(router));
  await asked.promise;
  await mapper.stop();
  assert.deepEqual([...router.open], []);
});

Deno.test("whatever a finder throws, the node goes on", async () => {
  const { mapper, clock } = mapperOf(() => Promise.reject(new Error("no route to host")));
  await settled();
  assert.match(mapper.view.problem ?? "", /no route to host$/);
  await clock.pass(MAPPING_LOOK_MS);
  await mapper.stop();
});

Deno.test("several ports of one node: each has its own end of the router, and all are given back", async () => {
  const router = new TestRouter();
  router.answer = (wished) => wished === 47_002 ? 50_000 : wished === 47_003 ? "no more" : wished;
  const ports = new PortMappers({
    routes: () => Promise.resolve([HOME]),
    finders: [() => Promise.resolve(router)],
    clock: new HandClock(),
    logger: getLogger("test"),
    changed: () => {},
  });
  for (const port of [47_001, 47_002, 47_003, 47_001]) ports.add(port);
  await settled();
  assert.deepEqual(router.asked, [47_001, 47_002, 47_003]);
  assert.deepEqual(ports.endOf(47_001), { ip: "45.76.1.1", port: 47_001 });
  assert.deepEqual(ports.endOf(47_002), { ip: "45.76.1.1", port: 50_000 });
  for (const port of [47_003, 47_004, null]) assert.equal(ports.endOf(port), null);
  assert.match(ports.view(47_003).problem ?? "", /no more/);
  assert.equal(ports.view(null).state, "off");
  await ports.stop();
  assert.deepEqual([...router.open], []);
  ports.add(47_005);
  assert.equal(ports.view(47_005).state, "off");
});
