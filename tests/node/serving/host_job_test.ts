import assert from "node:assert/strict";
import { SERVING_DEFAULTS } from "../../../src/node/plan/config.ts";
import type {
  Engine,
  ManagedServer,
  PlacedModel,
  ServerSpec,
  ServerState,
} from "../../../src/engine/mod.ts";
import type { MeshEvent } from "../../../src/mesh/mod.ts";
import type { LocalModel } from "../../../src/models/mod.ts";
import type { HostParts } from "../../../src/node/serving/job.ts";
import { HostJob } from "../../../src/node/serving/host_job.ts";
import { content } from "../../mesh/content.ts";
import { BIG, peer } from "../members.ts";
import { TriedArguments } from "../../../src/node/serving/tried_arguments.ts";
import { settingsLookup } from "../../../src/node/plan/model_settings.ts";

const PLAN = {
  kind: "host",
  model: BIG,
  hostShare: 0.5,
  workers: [{ peer: peer("worker"), share: 0.5 }],
  needBytes: 100,
  haveBytes: 100,
} as const;

/** More turns than the way from the last worker's word to a split that serves takes. */
const TURNS = 40;

/** A child that is nothing but its state: no process can be made ready between two turns. */
class Child implements ManagedServer {
  readonly progress = 0;
  placed: PlacedModel | null = null;
  readonly pid = null;
  readonly apiKey = null;
  readonly frozen = new AbortController().signal;
  readonly #listeners = new Set<(state: ServerState) => void>();
  state: ServerState = { kind: "starting", attempt: 1 };

  constructor(readonly spec: ServerSpec) {}

  become(state: ServerState): void {
    this.state = state;
    for (const listener of [...this.#listeners]) listener(state);
  }

  subscribe(listener: (state: ServerState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async ready(signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const look = ({ kind }: ServerState) => {
      if (kind === "ready") resolve(1);
      if (kind === "failed" || kind === "stopped") reject(new Error(kind));
    };
    this.subscribe(look);
    signal.addEventListener("abort", () => reject(signal.reason));
    look(this.state);
    return await promise;
  }

  stop(): Promise<void> {
    this.become({ kind: "stopped" });
    return Promise.resolve();
  }
}

/** A node may work for several hosts. */
const ELSEWHERE = { host: peer("other"), term: 1, ready: true };

const MAIN = {
  name: "CPU",
  kind: "cpu",
  totalBytes: 100,
  offeredBytes: 100,
  usedBytes: 0,
} as const;
const CARD = { ...MAIN, name: "CUDA0", kind: "discrete" } as const;

/** It has room for some of its share on its GPU. */
const WORKER = {
  ...content({
    devices: [CARD, MAIN],
    reservations: [{
      model: BIG,
      devices: [{ name: "CPU", bytes: 20 }, { name: "CUDA0", bytes: 30 }],
    }],
  }),
  peer: peer("worker"),
};

/** A host whose worker becomes ready when it is told to, and what is left of its job. */
function setUp(devices: Engine["devices"], projector: { sizeBytes: number } | null = null) {
  const listeners = new Set<(event: MeshEvent) => void>();
  const children: Child[] = [];
  const said: string[] = [];
  let isReady = false;
  const obeys = () => ({ host: peer("self"), term: 1, ready: isReady });
  const model = { name: "big", path: "/big.gguf", header: { contextLength: 1 } } as LocalModel;
  const memory = { memoryBytes: 100, devices: devices.length === 0 ? [MAIN] : [CARD, MAIN] };
  const parts = {
    mesh: {
      self: peer("self"),
      members: () => [{ ...WORKER, obeys: [ELSEWHERE, obeys()] }],
      subscribe(listener: (event: MeshEvent) => void) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      suspect: () => {},
    },
    engine: { devices },
    memory,
    spare: () => new Map(),
    lostDevices: [],
    memoryFailure: () => null,
    memoryFailed: () => {},
    supervisor: {
      launch(spec: ServerSpec) {
        const child = new Child(spec);
        children.push(child);
        return child;
      },
    },
    logger: { info: (message: string) => said.push(message) },
    tried: new TriedArguments(),
    settingsOf: settingsLookup(SERVING_DEFAULTS),
    idOf: ({ name }: LocalModel) => name,
    localModel: () => model,
    companionsOf: () => ({ draft: null, projector, notes: [] }),
    devicesOf: () => [],
    openTunnels: () => ({ ports: { [peer("worker")]: 1 }, close: () => Promise.resolve() }),
    weightsKnown: () => Promise.resolve(),
    now: () => 0,
    after: () => () => {},
  } as unknown as HostParts;
  const job = new HostJob(PLAN, 1, parts, () => {});
  return {
    job,
    children,
    listeners,
    said,
    workerReady() {
      isReady = true;
      for (const listener of [...listeners]) listener({ type: "members" } as MeshEvent);
    },
  };
}

async function pass(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await Promise.resolve();
}

const READY = { kind: "ready", port: 1 } as const;
const GPU = {
  name: "CUDA0",
  description: "",
  kind: "discrete",
  totalBytes: 1,
  freeBytes: 1,
} as const;

for (const [host, devices] of [["with a GPU", [GPU]], ["with a CPU only", []]] as const) {
  Deno.test(`HostJob ${host} starts nothing and leaves nothing, in whichever turn it is stopped`, async () => {
    const ends: string[] = [];
    for (let turns = 0; turns < TURNS; turns++) {
      const { job, children, listeners, said, workerReady } = setUp(devices);
      for (const child of children) child.become(READY);
      await pass(TURNS);
      workerReady();
      await pass(turns);
      for (const child of children) child.become(READY); // what was waited for ends in the turn of the stop as well
      const before = [children.length, said.length];
      await job.stop();
      assert.deepEqual([children.length, said.length], before, `it went on after ${turns} turns`);
      assert.equal(listeners.size, 0, `a listener stays after ${turns} turns`);
      assert.ok(children.every(({ state }) => state.kind === "stopped"));
      ends.push(`${before}`);
    }
    const own = devices.length === 0 ? 1 : 0;
    assert.deepEqual([...new Set(ends)].slice(0, 2), [`${own},0`, `${own + 1},0`]);
  });
}

Deno.test("HostJob launches no llama-server for a split of which a part has failed meanwhile", async () => {
  const { job, children, listeners, workerReady } = setUp([]);
  const [own] = children;
  own!.become(READY);
  await pass(TURNS);
  own!.become({
    kind: "failed",
    exitCode: 1,
    cause: { text: "ended", part: "model" },
    frozen: null,
    retryAtMs: null,
  });
  assert.equal(job.failure, "rpc-server: ended");
  workerReady();
  await pass(TURNS);
  assert.equal(children.length, 1);
  assert.equal(listeners.size, 0);
  await job.stop();
});

Deno.test("HostJob lays a worker's share out as the worker says that it has room for it", async () => {
  const { job, children, workerReady } = setUp([GPU]);
  for (const child of children) child.become(READY);
  workerReady();
  await pass(TURNS);
  children[0]!.become(READY);
  await pass(TURNS);
  const server = children.find(({ spec }) => spec.kind === "llama-server");
  const split = server?.spec.kind === "llama-server" ? server.spec.split : [];
  assert.deepEqual(split.at(-1), { rpcPort: 1, share: 0.5, deviceBytes: [30, 20] });
  await job.stop();
});

for (
  const [host, devices, planned, told] of [
    ["with a GPU", [GPU], { CUDA0: 50 }, { CUDA0: 20, CPU: 1_003 }],
    ["with a CPU only", [], { CPU: 50 }, { CPU: 1_043 }],
  ] as const
) {
  Deno.test(`HostJob ${host} holds what is planned, and what its llama-server tells once it is ready`, async () => {
    const { job, children, workerReady } = setUp(devices, { sizeBytes: 1_000 });
    assert.deepEqual(job.placed, planned);
    for (const own of children) own.become({ kind: "ready", port: 9 });
    workerReady();
    await pass(TURNS);
    const server = children.find(({ spec }) => spec.kind === "llama-server")!;
    server.placed = {
      layers: 2,
      layersOnDevices: 2,
      bytes: devices.length === 0 ? { CPU: 3 } : { CUDA0: 20, CPU: 3 },
      // At 9 is the host's own rpc-server, if it has one. The worker behind 1 counts what it lends by itself.
      bytesAtPorts: { 9: 40, 1: 500 },
    };
    assert.deepEqual(job.placed, planned, "while it loads, a part is not there yet");
    server.become(READY);
    await pass(TURNS);
    assert.deepEqual(job.placed, told);
    assert.equal(job.usedBytes, 50, "its plan stays as it is");
    await job.stop();
  });
}

Deno.test("HostJob holds what is planned where its llama-server tells nothing", async () => {
  const { job, children, workerReady } = setUp([]);
  children[0]!.become(READY);
  workerReady();
  await pass(TURNS);
  for (const child of children) child.become(READY);
  await pass(TURNS);
  assert.equal(children.length, 2);
  assert.deepEqual(job.placed, { CPU: 50 });
  await job.stop();
});
