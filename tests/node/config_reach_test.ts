/**
 * Each field of a node's configuration is changed from its default, and the code that uses it is asked for the
 * difference. A new field needs a row here: the types ask for it, and so does the last test.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { getLogger } from "@logtape/logtape";
import { downloadWorld } from "../../src/downloads/mod.ts";
import { type Engine, offeredMemory, prepareEngine } from "../../src/engine/mod.ts";
import { chooseDevices } from "../../src/engine/devices/choose_devices.ts";
import { Counters } from "../../src/mesh/base/counters.ts";
import { MESH_TIMINGS, type MeshConfig } from "../../src/mesh/config.ts";
import { lanOpener } from "../../src/mesh/lan/lan_socket.ts";
import { openLane } from "../../src/mesh/lane/wide_lane.ts";
import { routerFinders } from "../../src/mesh/mapping/mod.ts";
import { openIdentity } from "../../src/mesh/trust/identity.ts";
import { systemClock } from "../../src/mesh/mod.ts";
import { Contacts } from "../../src/mesh/gossip/contacts.ts";
import { Heartbeats } from "../../src/mesh/gossip/heartbeats.ts";
import { KeptChoices } from "../../src/node/data/kept_choices.ts";
import { KeptSettings } from "../../src/node/data/kept_settings.ts";
import { meshOptions } from "../../src/node/mesh_options.ts";
import { ModelManager } from "../../src/node/models/model_manager.ts";
import {
  type ConfigParts,
  NODE_DEFAULTS,
  type NodeConfig,
  withChanges,
} from "../../src/node/config.ts";
import { modelsOf, readModels } from "../../src/node/read_models.ts";
import { sleepLockCommand } from "../../src/node/serving/sleep_lock.ts";
import { adminKeyOf, apiKeys, serveNode } from "../../src/node/serve_node.ts";
import type { ApiServers } from "../../src/api/mod.ts";
import { asking, FakeNode, instance } from "../api/fake_node.ts";
import { RawHttp } from "../api/raw_http.ts";
import { sampleFile } from "../models/sample_gguf.ts";
import { peer } from "./members.ts";
import { announced, launched, unloads } from "./active_of.ts";
import { ownMachine } from "../../src/node/own_machine.ts";
import { settingsLookup } from "../../src/node/plan/model_settings.ts";

const logger = getLogger("test");
const signal = new AbortController().signal;
const root = Deno.makeTempDirSync({ prefix: "mesh-llm-config-" });
addEventListener("unload", () => Deno.removeSync(root, { recursive: true }));

const modelsDir = join(root, "models");
Deno.mkdirSync(modelsDir);
Deno.writeFileSync(join(modelsDir, "small.gguf"), sampleFile());
const apiKeyFile = join(root, "keys.json");
Deno.writeTextFileSync(apiKeyFile, '{"keys":[{"name":"a","key":"sk-secret"}]}');

function hasLane(mesh: MeshConfig): boolean {
  const parts = { self: peer("self"), clock: systemClock, counters: new Counters(), logger };
  return openLane({ config: mesh, role: "member" }, parts) !== undefined;
}

/** Two nodes never share a directory. */
function plain(): NodeConfig {
  const dataDir = Deno.makeTempDirSync({ dir: root });
  return withChanges({ ...NODE_DEFAULTS, dataDir, name: "here" }, {
    api: { port: 0, consolePort: 0 },
    serving: { models: ["guide"] },
  });
}

/** The changed value of a field, and the value that is seen at its user. */
type Row<Value> = readonly [changed: Value, seen: (config: NodeConfig) => unknown];
type Rows<Fields> = { readonly [Field in keyof Fields]: Row<Fields[Field]> };

const freePort = (() => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
})();

const PARTS: { readonly [Part in keyof ConfigParts]: Rows<ConfigParts[Part]> } = {
  serving: {
    models: [["guide", "other"], async (config) => (await models(config)).wanted],
    split: [true, (config) => announced(config).then(({ split }) => split)],
    tensorSplit: [[3, 1], (config) => announced(config).then((said) => said.tensorSplit)],
    contextLength: [512, launched],
    slots: [2, launched],
    draft: [false, async (config) => (await models(config)).draftOf({ name: "guide" } as never)],
    idleUnloadMs: [0, unloads],
    loadOnRequest: [false, ({ serving }) => {
      const local = { engine: { build: "1", rpcProtocol: "1" }, memory: { devices: [] } };
      return ownMachine({ name: "here", version: "1", serving, local: local as never });
    }],
    perModel: [
      { guide: { args: ["--top-k", "1"] } },
      async (config) => (await models(config)).settingsOf({ name: "guide" }).args,
    ],
    allowSleep: [true, ({ serving }) => sleepLockCommand(serving, "linux")],
  },
  mesh: {
    join: ["nonsense", (config) => identity(config).then(() => "founded", String)],
    leave: [true, async (config) => {
      const first = await identity(withChanges(config, { mesh: { leave: false } }));
      await first.save(1);
      return (await identity(config)).meshId === first.meshId;
    }],
    bindPort: [4_001, async (config) => (await identity(config)).port],
    lan: [false, ({ mesh }) => lanOpener(mesh) === null],
    portMapping: [false, ({ mesh }) => routerFinders(mesh).length],
    wideLane: [false, ({ mesh }) => hasLane(mesh)],
    timings: [
      { ...MESH_TIMINGS, wide: { ...MESH_TIMINGS.wide, timeoutMs: 1 } },
      firstWaitMs,
    ],
  },
  api: {
    listen: ["203.0.113.1", (config) => asked(config, () => "listens")],
    port: [freePort, (config) => asked(config, ({ apiUrl }) => apiUrl.endsWith(`:${freePort}`))],
    consoleListen: ["203.0.113.1", (config) => asked(config, () => "listens")],
    consolePort: [
      freePort,
      (config) => asked(config, ({ consoleUrl }) => consoleUrl.endsWith(`:${freePort}`)),
    ],
    console: [false, (config) => asked(config, (servers) => servers.signInUrl() === null)],
    hostNames: [["gpu.lan"], (config) => asked(config, statusAtHost)],
    apiKey: ["sk-secret", (config) => asked(config, statusWithoutKey)],
    apiKeyFile: [apiKeyFile, (config) => asked(config, statusWithoutKey)],
    // Beyond loopback its user's own connections need the key too.
    adminKey: [
      "chosen",
      (config) =>
        asked(
          withChanges(config, { api: { consoleListen: "0.0.0.0" } }),
          async ({ consoleUrl }) => {
            const url = `http://127.0.0.1:${new URL(consoleUrl).port}/api/status`;
            return await statusOf(url, { headers: { authorization: "Bearer chosen" } });
          },
        ),
    ],
    recordPrompts: [true, (config) =>
      asked(config, async ({ apiUrl }, node) => {
        await statusOf(`${apiUrl}/v1/chat/completions`, asking({ model: "guide" }));
        return node.records.map(({ prompt }) => prompt !== undefined);
      })],
  },
  engine: {
    binDir: ["/nowhere", (config) => engine(config).then(() => "found", String)],
    maxVramBytes: [1, offered],
    maxRamBytes: [1, offered],
    devices: [["CUDA1"], used],
  },
  models: {
    modelsDir: [modelsDir, async (config) => {
      const { inventory } = await models(config);
      return inventory.models.map(({ name }) => name);
    }],
    hub: [{ endpoint: "https://hub.invalid", token: null }, askedHosts],
  },
};

const OWN: Rows<Omit<NodeConfig, keyof ConfigParts>> = {
  client: [true, (config) => options(config).role],
  openBrowser: [true, (config) => modelsOf(withChanges(config, { serving: { models: [] } }))],
  dataDir: [join(root, "elsewhere"), async (config) => {
    await (await identity(config)).save(1);
    return await Deno.stat(join(root, "elsewhere", "identity.json")).then(() => true, () => false);
  }],
  name: ["kitchen", (config) => options(config).name],
};

for (const [part, rows] of Object.entries(PARTS)) {
  for (const [field, [changed, seen]] of Object.entries<Row<unknown>>(rows)) {
    reaches(
      `${part}.${field}`,
      seen,
      (config) => withChanges(config, { [part]: { [field]: changed } }),
    );
  }
}
for (const [field, [changed, seen]] of Object.entries<Row<unknown>>(OWN as never)) {
  reaches(field, seen, (config) => withChanges(config, { [field]: changed }));
}

function reaches(
  name: string,
  seen: (config: NodeConfig) => unknown,
  change: (config: NodeConfig) => NodeConfig,
): void {
  Deno.test(`the setting ${name} reaches the code that uses it`, async () => {
    const before = await seen(plain());
    assert.deepEqual(await seen(plain()), before, "the same twice, unless it is changed");
    assert.notDeepEqual(await seen(change(plain())), before);
  });
}

Deno.test("every field of the configuration has a row here", () => {
  const { serving, mesh, api, engine, models, ...own } = plain();
  const parts = { serving, mesh, api, engine, models };
  const named = (rows: object) => Object.keys(rows).sort();
  assert.deepEqual(named(PARTS), named(parts));
  for (const [part, rows] of Object.entries(PARTS)) {
    assert.deepEqual(named(rows), named(parts[part as keyof typeof parts]), part);
  }
  assert.deepEqual(named(OWN), named(own));
});

async function models(config: NodeConfig) {
  const kept = await KeptChoices.open(config.dataDir);
  const keptSettings = await KeptSettings.open(config.dataDir, { warn: assert.fail });
  return await readModels(config, { kept, keptSettings, logger, signal, home: null });
}

function options(config: NodeConfig) {
  return meshOptions(config, { hasChoice: false, version: "0.1.0", logger, signal });
}

function identity(config: NodeConfig) {
  return openIdentity({ ...options(config), now: systemClock.now() });
}

/** How long the first ping of a peer is waited for. */
function firstWaitMs({ mesh: { timings } }: NodeConfig): readonly number[] {
  const waits: number[] = [];
  const after = (ms: number) => (waits.push(ms), () => {});
  const effects = { ping: () => true, probe: () => {}, rttChanged: () => {} };
  const clock = { ...systemClock, elapsed: () => 0, after };
  new Heartbeats(effects, { clock, timings, contacts: new Contacts() }).begin(peer("other"));
  return waits;
}

/** Real ports over a node that only records; the sentence of what keeps them from listening. */
async function asked(
  { api: config }: NodeConfig,
  question: (servers: ApiServers, node: FakeNode) => unknown,
): Promise<unknown> {
  const node = new FakeNode({ warm: [instance("a")] });
  try {
    const keys = await apiKeys(config);
    const servers = await serveNode(node, { config, keys, adminKey: adminKeyOf(config), logger });
    try {
      return await question(servers, node);
    } finally {
      await servers.stop();
    }
  } catch (error) {
    return String(error);
  }
}

async function statusOf(url: string, init: RequestInit = {}): Promise<number> {
  const response = await fetch(url, init);
  await response.body?.cancel();
  return response.status;
}

function statusWithoutKey({ apiUrl }: ApiServers): Promise<number> {
  return statusOf(`${apiUrl}/v1/models`);
}

async function statusAtHost({ apiUrl }: ApiServers): Promise<string | undefined> {
  using caller = await RawHttp.connect(apiUrl);
  await caller.send(["GET /v1/models HTTP/1.1", "Host: gpu.lan"]);
  return (await caller.receive(/\r\n/)).split(" ")[1];
}

async function engine(config: NodeConfig): Promise<Engine> {
  return await prepareEngine({
    ...config.engine,
    dataDir: root,
    executableDir: root,
    path: "",
    install: false,
    downloads: downloadWorld(null, config.models.hub.proxies),
    onProgress: () => {},
    logger,
  });
}

function offered({ engine: config }: NodeConfig): number {
  return offeredMemory({
    devices: [],
    mainMemory: { totalBytes: 1_000, availableBytes: 1_000 },
    config,
  }).memoryBytes;
}

function used({ engine: { devices } }: NodeConfig): readonly string[] {
  const card = { description: "", kind: "discrete", totalBytes: 1e9, freeBytes: 1e9 } as const;
  const listed = [{ ...card, name: "CUDA0" }, { ...card, name: "CUDA1" }];
  return chooseDevices(listed, devices).devices.map(({ name }) => name);
}

/** The servers that a download asks first; none is reached. */
async function askedHosts(config: NodeConfig): Promise<readonly string[]> {
  const { inventory } = await models(config);
  const hosts = new Set<string>();
  const manager = await ModelManager.open({
    mesh: { self: peer("self"), members: () => [], handle() {} } as never,
    stock: {
      inventory,
      folder: join(config.dataDir, "models"),
      memory: { memoryBytes: 1e9, devices: [] },
      rpcProtocol: "1",
    },
    models: config.models,
    settingsOf: settingsLookup(config.serving),
    logger,
    send: () => {},
    enter: () => Promise.resolve(),
    rules: {
      allowsUrl: ({ hostname }) => {
        hosts.add(hostname);
        return false;
      },
      allowsAddress: () => false,
    },
  });
  await manager.download("org/repo:Q4_K_M").catch(() => {});
  manager.stop();
  return [...hosts];
}
