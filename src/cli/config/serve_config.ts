/** The options of a node -> its configuration. Pure. */

import { join } from "node:path";
import { proxySettings } from "../../base/proxy_choice.ts";
import type { HubConfig } from "../../node/mod.ts";
import type { ServeConfig } from "./command.ts";
import { API_PORT, CONSOLE_PORT, HUGGING_FACE, NAME_LENGTH_MAX } from "../base/defaults.ts";
import type { ServeOptions } from "./serve_options.ts";
import { absolute, type CliContext, dataDirOf, keyFrom } from "./cli_context.ts";
import { UsageError } from "../base/usage_error.ts";
import { isLoopback } from "../../base/ip_address.ts";

const LOOPBACK = "127.0.0.1";

export function consoleConfig(options: ServeOptions, around: CliContext): ServeConfig {
  if (options.console === false) {
    throw new UsageError("The console command opens the page that --no-console leaves out");
  }
  return { ...serveConfig(options, around), openBrowser: true };
}

export function serveConfig(options: ServeOptions, around: CliContext): ServeConfig {
  const client = options.client ?? false;
  const dataDir = dataDirOf(options, around);
  const config: ServeConfig = {
    kind: "serve",
    client,
    openBrowser: false,
    models: options.model ?? [],
    join: joinOf(options.join, around),
    leave: options.leave ?? false,
    port: options.port ?? API_PORT,
    consolePort: options.consolePort ?? CONSOLE_PORT,
    console: options.console ?? true,
    bindPort: options.bindPort ?? null,
    listen: options.listen ?? LOOPBACK,
    consoleListen: options.consoleListen ?? LOOPBACK,
    hostNames: options.hostName ?? [],
    apiKey: options.apiKey ?? null,
    apiKeyFile: absolute(options.apiKeyFile, around),
    adminKey: keyFrom("MESH_LLM_ADMIN_KEY", around),
    insecure: options.insecure ?? false,
    recordPrompts: options.recordPrompts ?? false,
    split: options.split ?? false,
    tensorSplit: options.tensorSplit ?? null,
    maxVramBytes: options.maxVram ?? null,
    contextLength: options.ctx ?? null,
    draft: draftOf(options.draft, around),
    idleUnloadMs: options.idleUnload ?? null,
    binDir: absolute(options.binDir, around),
    modelsDir: absolute(options.modelsDir, around),
    hub: hubOf(around),
    // A folder of its own, so that a client runs beside a node: docs/command-line.md.
    dataDir: client ? join(dataDir, "client") : dataDir,
    name: options.name ?? around.facts.hostname.slice(0, NAME_LENGTH_MAX),
    logFormat: options.logFormat ?? "pretty",
    warnings: [],
  };
  refuseOpenDoors(config);
  return config;
}

/** The invite, or where it is to be found: `-` or `@PATH`. */
function joinOf(join: string | undefined, around: CliContext): string | null {
  if (join === undefined) return null;
  return join.startsWith("@") ? `@${absolute(join.slice(1), around)}` : join;
}

/** A path as everywhere, or the name of a model on disk. */
function draftOf(draft: ServeOptions["draft"], around: CliContext): string | false | null {
  if (draft === false) return false;
  if (draft === undefined) return null;
  return draft.endsWith(".gguf") ? absolute(draft, around) : draft;
}

/** Whoever reaches these ports uses or manages the node, so beyond this machine they need a key. */
function refuseOpenDoors(config: ServeConfig): void {
  const keyed = config.apiKey !== null || config.apiKeyFile !== null;
  if (!isLoopback(config.listen) && !keyed && !config.insecure) {
    throw new UsageError(
      `--listen ${config.listen} opens the API to the network: ` +
        `set a key with MESH_LLM_API_KEY, --api-key or --api-key-file, or pass --insecure`,
    );
  }
  if (!isLoopback(config.consoleListen) && config.adminKey === null) {
    throw new UsageError(
      `--console-listen ${config.consoleListen} lets the network manage this node: ` +
        `set a key for it in MESH_LLM_ADMIN_KEY`,
    );
  }
}

export function hubOf({ environment }: CliContext): HubConfig {
  const endpoint = environment.HF_ENDPOINT || HUGGING_FACE;
  const url = URL.parse(endpoint);
  if (url?.protocol !== "https:") {
    throw new UsageError(
      `HF_ENDPOINT must be an https URL: current value is ${JSON.stringify(endpoint)}`,
    );
  }
  const hub = { endpoint: url.origin, token: environment.HF_TOKEN || null };
  const proxies = proxySettings({ ...environment });
  return proxies === undefined ? hub : { ...hub, proxies };
}
