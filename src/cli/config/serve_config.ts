/** The options of a node -> its configuration. Pure. */

import { join } from "node:path";
import { proxySettings } from "../../base/proxy_choice.ts";
import type { HubConfig } from "../../models/config.ts";
import { pinnedIn } from "../../base/model_settings.ts";
import { NODE_DEFAULTS, withChanges } from "../../node/config.ts";
import type { ServeConfig } from "./serve_command.ts";
import { NAME_LENGTH_MAX } from "../base/defaults.ts";
import { nodeOptions, type ServeOptions } from "./serve_options.ts";
import { type CliContext, dataDirOf, keyFrom } from "./cli_context.ts";
import { withPaths } from "./model_tables.ts";
import { UsageError } from "../base/usage_error.ts";
import { isLoopback } from "../../base/ip_address.ts";

export function consoleConfig(options: ServeOptions, around: CliContext): ServeConfig {
  if (options.console === false) {
    throw new UsageError("The console command opens the page that --no-console leaves out");
  }
  return { ...serveConfig(options, around), openBrowser: true };
}

export function serveConfig(options: ServeOptions, around: CliContext): ServeConfig {
  const { client = false } = options;
  const dataDir = dataDirOf(options, around);
  const config = ofModels(
    asked(
      {
        ...NODE_DEFAULTS,
        kind: "serve",
        api: { ...NODE_DEFAULTS.api, adminKey: keyFrom("MESH_LLM_ADMIN_KEY", around) },
        models: { ...NODE_DEFAULTS.models, hub: hubOf(around) },
        // A folder of its own, so that a client runs beside a node: docs/command-line.md.
        dataDir: client ? join(dataDir, "client") : dataDir,
        name: around.facts.hostname.slice(0, NAME_LENGTH_MAX),
        insecure: false,
        weeklyLook: false,
        logFormat: "pretty",
        warnings: [],
      },
      options,
      around,
    ),
    options,
    around,
  );
  refuseOpenDoors(config, around);
  return config;
}

/** The configuration with the change of each option that is set. */
function asked(start: ServeConfig, options: ServeOptions, around: CliContext): ServeConfig {
  return nodeOptions().reduce((config, [name, option]) => {
    const value = options[name];
    return value === undefined ? config : withChanges(config, option.sets(value as never, around));
  }, start);
}

/** With the settings of single models in the file. A client serves none. */
function ofModels(config: ServeConfig, options: ServeOptions, around: CliContext): ServeConfig {
  const { perModel } = options;
  if (perModel === undefined || config.client) return config;
  const { models } = config.serving;
  return withChanges(config, {
    serving: {
      models: [...new Set([...models, ...pinnedIn(perModel)])],
      perModel: withPaths(perModel, around),
    },
  });
}

/** Whether keys were made for a data directory. */
export interface KeyFacts {
  readonly facts: Pick<CliContext["facts"], "hasMadeKeys">;
}

/** A caller that reaches these ports uses or manages the node, so beyond this machine it needs a key. */
export function refuseOpenDoors(
  { api, dataDir, insecure }: ServeConfig,
  { facts }: KeyFacts,
): void {
  const keyed = api.apiKey !== null || api.apiKeyFile !== null || facts.hasMadeKeys(dataDir);
  if (!isLoopback(api.listen) && !keyed && !insecure) {
    throw new UsageError(
      `--listen ${api.listen} opens the API to the network: ` +
        "set a key with MESH_LLM_API_KEY, --api-key or --api-key-file, make one with key make, " +
        "or pass --insecure",
    );
  }
  if (!isLoopback(api.consoleListen) && api.adminKey === null) {
    throw new UsageError(
      `--console-listen ${api.consoleListen} lets the network manage this node: ` +
        `set a key for it in MESH_LLM_ADMIN_KEY`,
    );
  }
}

export function hubOf({ environment }: CliContext): HubConfig {
  const endpoint = environment.HF_ENDPOINT || NODE_DEFAULTS.models.hub.endpoint;
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
