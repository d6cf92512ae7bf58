/** The node's two ports: what was set of them, with what this machine adds. */

import type { Logger } from "@logtape/logtape";
import type { ApiConfig } from "../api/config.ts";
import {
  type ApiKey,
  type ApiServers,
  fullKey,
  type GatewayNode,
  LocalUser,
  type MadeKeys,
  type ManagementNode,
  readKeyFile,
  serveApi,
  type Setting,
} from "../api/mod.ts";
import { isLoopback } from "../base/ip_address.ts";

/** The key of the command line, which has no limits, and those of the file. */
export async function apiKeys({ apiKey, apiKeyFile }: ApiConfig): Promise<ApiKey[]> {
  return [
    ...(apiKey === null ? [] : [fullKey("api-key", apiKey)]),
    ...(apiKeyFile === null ? [] : await readKeyFile(apiKeyFile)),
  ];
}

/** The one that was chosen, else one that nobody guesses. */
export function adminKeyOf({ adminKey }: ApiConfig): string {
  return adminKey ?? crypto.randomUUID();
}

export interface ServeNodeOptions {
  readonly config: ApiConfig;
  readonly settings?: readonly Setting[];
  readonly keys: readonly ApiKey[];
  readonly made?: MadeKeys;
  readonly logger: Logger;
  readonly adminKey: string;
}

export function serveNode(
  node: GatewayNode & ManagementNode,
  { config, logger, keys, made, adminKey, settings = [] }: ServeNodeOptions,
): Promise<ApiServers> {
  return serveApi(node, {
    config,
    names: machineNames(),
    keys,
    ...(made === undefined ? {} : { made }),
    adminKey,
    // Beyond loopback the user has chosen a key, and it holds for all.
    ...(isLoopback(config.consoleListen) ? { localUser: new LocalUser(Deno.uid()) } : {}),
    settings,
    logger,
  });
}

/** The names by which other machines on the network call this one. */
function machineNames(): string[] {
  const name = Deno.hostname().toLowerCase();
  return [name, `${name}.local`];
}
