import type { Logger } from "@logtape/logtape";
import assert from "node:assert/strict";
import type { EngineAdvice } from "../../../src/engine/mod.ts";
import type { RouteNode } from "../../../src/mesh/mod.ts";
import {
  FindingsWatch,
  type FindingsWatchOptions,
} from "../../../src/node/report/findings_watch.ts";
import { routeNode as machine, speaking } from "./route_node.ts";

const GB = 1e9;

/** The findings of one check. */
interface World {
  readonly freeBytes?: number;
  readonly nodes?: readonly RouteNode[];
  /** It is known only now. */
  readonly engineAdvice?: EngineAdvice;
  readonly newerRelease?: string;
}

/** Checks one world after the other. @returns the log's lines for each, and whether others were told of a change. */
async function lookAt(worlds: readonly World[]) {
  let world: World = {};
  let said: string[] = [];
  let changes = 0;
  const advice = Promise.withResolvers<EngineAdvice>();
  let scheduled = Promise.withResolvers<() => void>();
  const mesh = {
    self: "ann",
    role: "member",
    members: () => [],
    routes: () => ({
      version: "v",
      instances: [],
      wanted: [],
      lost: [],
      namesakes: [],
      nodes: [machine("ann"), ...world.nodes ?? []],
      partial: false,
    }),
    rttMs: () => undefined,
    addresses: () => ["/ip4/10.0.0.2/udp/1/quic-v1/p2p/ann"],
    subscribe: () => () => {},
  } as unknown as FindingsWatchOptions["mesh"];
  const warn = (_: string, { found }: { readonly found: string }) => said.push(found);
  const fail = (_: string, { error }: { readonly error: unknown }) => assert.fail(`${error}`);
  const watch = new FindingsWatch({
    mesh,
    version: "0.1.0",
    newerRelease: () => world.newerRelease ?? null,
    ownAuthorities: null,
    dataDir: "/d",
    engineAdvice: advice.promise,
    lostDevices: () => [],
    capped: () => [],
    freeBytes: () => Promise.resolve(world.freeBytes ?? 80 * GB),
    after: (_, run) => {
      scheduled.resolve(run);
      return () => {};
    },
    logger: { warn, error: fail } as unknown as Logger,
    changed: () => changes++,
  });
  const looks: { readonly said: readonly string[]; readonly changed: boolean }[] = [];
  for (world of worlds) {
    const look = await scheduled.promise;
    scheduled = Promise.withResolvers();
    if (world.engineAdvice !== undefined) advice.resolve(world.engineAdvice);
    look();
    await scheduled.promise;
    looks.push({ said, changed: changes > 0 });
    said = [];
    changes = 0;
  }
  watch.stop();
  return looks;
}

Deno.test("The log has a disk that is nearly full once, while its figure changes, and again when it is so anew", async () => {
  const worlds = [1.92, 1.87, 0.94, 0.11, 3.2, 80, 2.3].map((free) => ({ freeBytes: free * GB }));
  const looks = await lookAt(worlds);
  const low = (size: number) => `Less than ${size} GB are free at /d`;
  assert.deepEqual(looks.map(({ said }) => said), [[low(2)], [], [], [], [], [], [low(3)]]);
  // Status and the console have the latest figure.
  assert.deepEqual(
    looks.map(({ changed }) => changed),
    [true, false, true, false, true, true, true],
  );
});

Deno.test("The log has a failure once, whatever its words, and again for another machine or model", async () => {
  const failing = (name: string, model: string, reason: string) =>
    machine(name, { failures: [{ model, reason }] });
  const bob = (gigabytes: number) => failing("bob", "big", `needs ${gigabytes} GB more`);
  const looks = await lookAt([
    { nodes: [bob(1)] },
    { nodes: [bob(2)] },
    { nodes: [bob(3), failing("cid", "big", "needs 1 GB more")] },
    { nodes: [failing("bob", "small", "no file")] },
    { nodes: [bob(3)] },
  ]);
  assert.deepEqual(looks.map(({ said }) => said), [
    ["big can't be loaded on bob: needs 1 GB more"],
    [],
    ["big can't be loaded on cid: needs 1 GB more"],
    ["small can't be loaded on bob: no file"],
    ["big can't be loaded on bob: needs 3 GB more"],
  ]);
});

Deno.test("The log has another version again where one more machine has it, and not where one leaves", async () => {
  const old = (name: string) => machine(name, { version: "0.0.9" });
  const looks = await lookAt([
    { nodes: [old("bob")] },
    { nodes: [old("bob"), machine("dan")] },
    { nodes: [old("bob"), old("cid")] },
    { nodes: [old("cid")] },
  ]);
  assert.deepEqual(looks.map(({ said }) => said.length), [1, 0, 1, 0]);
});

Deno.test("The log has two RPC protocols once, whoever joins, and a third one", async () => {
  const speaks = (name: string, rpcProtocol: string) =>
    machine(name, { engine: speaking(rpcProtocol) });
  const looks = await lookAt([
    { nodes: [speaks("bob", "3.7.0")] },
    { nodes: [speaks("bob", "3.7.0"), speaks("cid", "8.0.0"), speaks("dan", "3.7.0")] },
    { nodes: [speaks("bob", "3.7.0"), speaks("eve", "2.0.0")] },
  ]);
  assert.deepEqual(looks.map(({ said }) => said.length), [1, 0, 1]);
});

Deno.test("The log has what is found of the GPU once it is known, and waits with nothing else for it", async () => {
  const freeBytes = 1.5 * GB;
  const engineAdvice = { backend: "cpu", found: "No CUDA", remedy: "Install it" } as const;
  const looks = await lookAt([{ freeBytes }, { freeBytes, engineAdvice }, { freeBytes }]);
  assert.deepEqual(
    looks.map(({ said }) => said),
    [["Less than 2 GB are free at /d"], ["No CUDA"], []],
  );
});

Deno.test("The log has a newer release once, and one that is newer still", async () => {
  const looks = await lookAt([
    {},
    { newerRelease: "0.2.0" },
    { newerRelease: "0.2.0" },
    { newerRelease: "0.3.0" },
    {},
  ]);
  assert.deepEqual(looks.map(({ said }) => said.length), [0, 1, 0, 1, 0]);
  assert.deepEqual(looks.map(({ changed }) => changed), [false, true, false, true, true]);
});
