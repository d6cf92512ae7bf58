/** One node, active or passive, from its start to its end. */

import { join } from "node:path";
import { removeDrafts } from "../base/atomic_file.ts";
import { checkLoopback } from "../base/loopback.ts";
import { adviseOnEngine, logTails } from "../engine/mod.ts";
import { type Mesh, ownAuthorities, startMesh, systemClock } from "../mesh/mod.ts";
import { freeBytes } from "../downloads/mod.ts";
import { TunnelCounts } from "../tunnel/mod.ts";
import type { NodeConfig } from "./config.ts";
import { createActive, type LocalParts, prepareLocal } from "./create_active.ts";
import { DataDirLock, dataDirWarning } from "./data/data_dir.ts";
import { cappedModels } from "./report/capped_models.ts";
import { FindingsWatch } from "./report/findings_watch.ts";
import { KeptChoices } from "./data/kept_choices.ts";
import { KeptSettings } from "./data/kept_settings.ts";
import { keepLastStart } from "./data/last_start.ts";
import { openMadeKeys } from "./data/made_keys.ts";
import { ModelManager } from "./models/model_manager.ts";
import { NodeApi } from "./report/node_api.ts";
import type { NodePart } from "./report/part.ts";
import { Passive } from "./passive.ts";
import { memoryNow } from "./memory_now.ts";
import { meshOptions } from "./mesh_options.ts";
import { settingsLookup } from "./plan/model_settings.ts";
import { modelsOf } from "./read_models.ts";
import { settingsParts } from "./settings_parts.ts";
import { adminKeyOf, apiKeys, serveNode } from "./serve_node.ts";
import { StartedNode } from "./started_node.ts";
import { ownMachine } from "./own_machine.ts";
import type { RunningNode, StartOptions } from "./running_node.ts";

/**
 * Starts a node: API and console listen when it returns; joining, loading and serving go on behind it.
 * @throws the sentence of whatever is missing; then nothing is left running.
 */
export async function startNode(config: NodeConfig, options: StartOptions): Promise<RunningNode> {
  await using starting = new AsyncDisposableStack();
  const keys = await apiKeys(config.api);
  await checkLoopback();
  const lock = await DataDirLock.acquire(config.dataDir);
  starting.defer(() => lock.release());
  const made = await openMadeKeys(config.dataDir);
  const warning = await dataDirWarning(config.dataDir);
  if (warning !== null) options.logger.warn("{warning}", { warning });
  const { modelsDir } = config.models;
  if (modelsDir !== null) await removeDrafts(modelsDir);
  const { mesh, local } = await startParts(config, options, starting);
  const token = await mesh.defaultInvite();
  const adminKey = adminKeyOf(config.api);
  const { api, part, manager, watch } = await connect(config, options, { mesh, local, token });
  starting.defer(() => manager.stop());
  starting.defer(() => watch.stop());
  const servers = await serveNode(api, { ...options, config: config.api, keys, made, adminKey });
  starting.defer(() => servers.stop());
  const ready = {
    node: mesh.self,
    token,
    api: servers.apiUrl,
    console: servers.consoleUrl,
    signIn: servers.signInUrl(),
  };
  await lock.publish({
    pid: Deno.pid,
    startTime: new Date().toISOString(),
    api: ready.api,
    console: ready.console,
    adminKey,
  });
  if (!config.client) await keepLastStart(config.dataDir, modelsOf(config));
  options.logger.info("Ready", { event: "ready", ...ready });
  const running = { mesh, api, part, servers, ready, logger: options.logger };
  return new StartedNode(running, starting.move());
}

interface Parts {
  readonly mesh: Mesh;
  /** `null` for a client. */
  readonly local: LocalParts | null;
}

/** libp2p and llama.cpp take the longest to start, so they start beside each other; where one fails, the other ends. */
async function startParts(
  config: NodeConfig,
  options: StartOptions,
  starting: AsyncDisposableStack,
): Promise<Parts> {
  const { logger, version } = options;
  const kept = config.client ? null : await KeptChoices.open(config.dataDir);
  const warn = (sentence: string) => logger.warn("{sentence}", { sentence });
  const keptSettings = await KeptSettings.open(config.dataDir, { warn });
  const hasChoice = (kept?.choices.pinned ?? []).length > 0;
  const failing = new AbortController();
  const signal = AbortSignal.any([options.signal, failing.signal]);
  const failed = (error: unknown) => failing.abort(error);
  const starts = [
    startMesh(meshOptions(config, { hasChoice, version, logger, signal }), options.pairing),
    kept === null ? null : prepareLocal(config, { ...options, kept, keptSettings, signal }),
  ] as const;
  starts.forEach((start) => start?.catch(failed));
  const [mesh, local] = await Promise.allSettled(starts);
  if (mesh.status === "fulfilled") starting.defer(() => mesh.value.stop());
  // The reason of the one that failed first: what the other says is that it was ended.
  signal.throwIfAborted();
  if (mesh.status === "rejected") throw mesh.reason;
  if (local.status === "rejected") throw local.reason;
  return { mesh: mesh.value, local: local.value };
}

/** The API shows the part, and the part tells the API when something has changed. */
async function connect(
  config: NodeConfig,
  { logger, logs, version, commands, downloadRules: rules, standby, onEnd, newerRelease }:
    StartOptions,
  { mesh, local, token }: Parts & { readonly token: string | null },
): Promise<
  {
    readonly api: NodeApi;
    readonly part: NodePart;
    readonly manager: ModelManager;
    readonly watch: FindingsWatch;
  }
> {
  const counts = new TunnelCounts();
  const joining = config.mesh.join !== null;
  const changed = () => {
    api.changed();
    watch.wake();
  };
  const { models } = config;
  const settingsOf = local?.settingsOf ?? settingsLookup(config.serving);
  const machine = ownMachine({
    name: config.name,
    version,
    serving: config.serving,
    local,
  });
  const stock = local === null ? null : stockOf(config, local);
  const manager = await ModelManager.open({
    mesh,
    stock,
    models,
    settingsOf,
    logger,
    send: (event) => api.send(event),
    enter: (reason) => part.enter(reason),
    idleSinceMs: (model) => part.idleSinceMs(model),
    ...(rules === undefined ? {} : { rules }),
  });
  const active = local === null ? null : createActive(config, local, {
    mesh,
    counts,
    joining,
    logger,
    changed,
    machine,
    manager,
    ...(standby === undefined ? {} : { standby }),
  });
  const part: NodePart = active ?? new Passive(mesh, machine);
  const { dataDir } = config;
  const isChosen = config.engine.devices !== null;
  const engineAdvice = local === null ? null : adviseOnEngine(local.engine, { dataDir, isChosen });
  const watch = new FindingsWatch({
    mesh,
    version,
    newerRelease: newerRelease ?? (() => null),
    ownAuthorities: config.mesh.wideLane && mesh.role === "member" ? ownAuthorities() : null,
    dataDir,
    engineAdvice,
    lostDevices: () => local?.supervisor.lostDevices ?? [],
    capped: () =>
      cappedModels({
        onDisk: local?.inventory.models ?? [],
        hosted: part.works.map(({ model }) => model),
        settingsOf,
        commonContext: config.serving.contextLength,
      }),
    freeBytes,
    after: systemClock.after,
    logger,
    changed: () => api.changed(),
  });
  const engineLogs = () => logTails(dataDir);
  const findings = () => watch.current;
  const parts = { mesh, counts, part, modelActions: manager, engineLogs, findings };
  const settings = settingsParts({ serving: config.serving, local, active, manager, mesh, logger });
  const api = new NodeApi({ ...parts, ...settings, commands, token, logger, end: () => onEnd?.() });
  mesh.subscribe((event) => {
    if (event.type === "lan") api.changed();
  });
  logs?.subscribe((line) => api.send({ type: "log", line }));
  return { api, part, manager, watch };
}

function stockOf(config: NodeConfig, local: LocalParts) {
  const { inventory, engine } = local;
  const folder = config.models.modelsDir ?? join(config.dataDir, "models");
  return {
    inventory,
    folder,
    rpcProtocol: engine.rpcProtocol,
    get memory() {
      return memoryNow(local);
    },
  };
}
