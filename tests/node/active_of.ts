/** The active part of a node, with a mesh that nobody else is in and llama.cpp that is never started. */

import { getLogger } from "@logtape/logtape";
import type { Engine, ManagedServer, ServerSpec } from "../../src/engine/mod.ts";
import { llamaServerArguments } from "../../src/engine/process/arguments.ts";
import type { AnnouncementContent, Mesh } from "../../src/mesh/mod.ts";
import { EMPTY_TABLE } from "../../src/mesh/routes/routing_table.ts";
import { WeightLibrary } from "../../src/models/mod.ts";
import type { NodeConfig } from "../../src/node/config.ts";
import { createActive } from "../../src/node/create_active.ts";
import { KeptChoices } from "../../src/node/data/kept_choices.ts";
import { KeptSettings } from "../../src/node/data/kept_settings.ts";
import { readModels } from "../../src/node/read_models.ts";
import { IdleUnload } from "../../src/node/serving/idle_unload.ts";
import { TunnelCounts } from "../../src/tunnel/mod.ts";
import { machine } from "../mesh/content.ts";
import { peer } from "./members.ts";
import { settingsLookup } from "../../src/node/plan/model_settings.ts";

const logger = getLogger("test");
const ENGINE = {
  build: "b1",
  rpcProtocol: "8.0.0",
  devices: [],
  llamaServerFlags: new Set(["--metrics"]),
} as unknown as Engine;

/** The first announcement of the node. */
export async function announced(config: NodeConfig): Promise<AnnouncementContent> {
  return (await run(config)).said;
}

/** The context of the llama-server that it starts for its model, as its arguments have it. */
export async function launched(config: NodeConfig): Promise<string | undefined> {
  const { spec } = await run(config);
  if (spec.kind !== "llama-server") throw new Error(`It started ${spec.kind}`);
  const words = llamaServerArguments(spec, ENGINE, { port: 1 });
  return words[words.indexOf("--ctx-size") + 1];
}

/** Runs the node until it has started a server. */
async function run(config: NodeConfig): Promise<{ said: AnnouncementContent; spec: ServerSpec }> {
  const ending = new AbortController();
  const said = Promise.withResolvers<AnnouncementContent>();
  const spec = Promise.withResolvers<ServerSpec>();
  const { dataDir } = config;
  const kept = await KeptChoices.open(dataDir);
  const keptSettings = await KeptSettings.open(dataDir, { warn: never });
  const { signal } = ending;
  const supervisor = {
    restarts: 0,
    freezes: [],
    devices: [],
    lostDevices: [],
    launch: (asked: ServerSpec) => (spec.resolve(asked), LOADING),
    stop: () => Promise.resolve(),
  };
  const active = createActive(config, {
    ...await readModels(config, { kept, keptSettings, logger, signal, home: null }),
    engine: ENGINE,
    supervisor: supervisor as never,
    memory: { memoryBytes: 1e9, devices: [] },
    weights: await WeightLibrary.open({ dataDir, logger }),
    kept,
    keptSettings,
  }, {
    mesh: aloneIn((content) => said.resolve(content)),
    counts: new TunnelCounts(),
    joining: false,
    logger,
    changed: () => {},
    machine: machine(),
    manager: { fetch: () => Promise.resolve(), roomBytes: 0, isDownloading: false },
  });
  const running = active.run(signal);
  const seen = await Promise.all([said.promise, Promise.race([spec.promise, running.then(never)])]);
  ending.abort(new Error("The test is over"));
  await running;
  return { said: seen[0], spec: seen[1] };
}

function never(): never {
  throw new Error("The node ended before it started a server, or could not read its settings");
}

/** Whether a model that answers and that nobody asks for is unloaded. */
export function unloads({ serving }: NodeConfig): boolean {
  const model = { name: "guide", fingerprint: "a" };
  const localState = {
    wishes: { pinned: [model], wanted: [model.name], dropped: [], resting: [] },
    demand: { idleSinceMs: () => 0 },
    loadRequests: { end: () => {} },
  };
  let reconsidered = false;
  const rest = new IdleUnload({
    inventory: { models: [] },
    serving,
    settingsOf: settingsLookup(serving),
    mesh: { members: () => [] },
    localState: localState as never,
    reconciler: {
      jobs: [{ instance: { model, state: "warm" } }],
      reconsider: () => Promise.resolve(reconsidered = true),
      wake: () => {},
    } as never,
    logger,
  });
  rest.check();
  return reconsidered;
}

const LOADING = {
  state: { kind: "starting", attempt: 1 },
  progress: 0,
  subscribe: () => () => {},
  stop: () => Promise.resolve(),
} as unknown as ManagedServer;

function aloneIn(announce: (content: AnnouncementContent) => void): Mesh {
  return {
    self: peer("self"),
    passive: false,
    announce,
    members: () => [],
    rttMs: () => undefined,
    routes: () => EMPTY_TABLE,
    refreshRoutes: () => Promise.resolve(EMPTY_TABLE),
    subscribe: () => () => {},
    watchClosely: () => {},
    suspect: () => {},
    handle: () => {},
  } as unknown as Mesh;
}
