import type { Logger } from "@logtape/logtape";
import type { Hono } from "hono";
import { AdminDoor } from "./keys/admin_session.ts";
import { loadConsoleAssets } from "./management/console_assets.ts";
import { type ConsoleAssets, createConsole } from "./management/console_page.ts";
import type { ApiConfig } from "./base/config.ts";
import { API_CONNECTIONS_SHARE, LOOPBACK, STOP_GRACE_MS } from "./base/defaults.ts";
import { createGateway } from "./openai/gateway.ts";
import type { ApiEnv } from "./keys/api_env.ts";
import { createOllama } from "./ollama/ollama.ts";
import { KeyBook, type MadeKeys } from "./keys/key_book.ts";
import { type ApiKey, fullKey, hasKeyOf, KeyRing } from "./keys/keys.ts";
import { isLoopback } from "../base/ip_address.ts";
import { hostname, type OwnHosts } from "./http/hosts.ts";
import type { LocalUser } from "./http/local_user.ts";
import { listen, type Listener, type ListenOptions } from "./http/listen.ts";
import { createManagement } from "./management/management.ts";
import { answerFor } from "./http/openai_errors.ts";
import { ownAddresses } from "./http/own_addresses.ts";
import { connectionsAllowed, openFilesLimit } from "./http/open_files.ts";
import { RefusalCounts } from "./http/refusal_counts.ts";
import { createApiPort, createConsolePort } from "./ports.ts";
import type { GatewayNode, ManagementNode, Setting } from "./base/types.ts";

export interface ServeApiOptions {
  readonly config: ApiConfig;
  /** Further names that a port answers to where it is bound beyond loopback. */
  readonly names: readonly string[];
  readonly keys: readonly ApiKey[];
  /** Those that are made while the node runs. @default {none are kept} */
  readonly made?: MadeKeys;
  /** The key that managing the node takes, chosen or made; `null` lets everybody manage it who reaches the console. */
  readonly adminKey: string | null;
  /** The user whose own connections on this machine need no key. @default {nobody's} */
  readonly localUser?: LocalUser;
  /** The settings that the node was started with, for `config show`. */
  readonly settings?: readonly Setting[];
  readonly logger: Logger;
  /** The console that was built with the program, unless a test brings its own. */
  readonly assets?: ConsoleAssets | null;
}

/** Both ports of a node, listening. */
export interface ApiServers {
  /** Without trailing slashes. */
  readonly apiUrl: string;
  readonly consoleUrl: string;
  /** An address of the console that signs in once, and soon; `null` where the page is left out. */
  signInUrl(): string | null;
  /** Cuts what is still being answered after a short grace. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Starts the API and the console of a node.
 * @throws {PortInUseError | ListenError} where one of the ports can't be had; then neither listens.
 */
export async function serveApi(
  node: GatewayNode & ManagementNode,
  options: ServeApiOptions,
): Promise<ApiServers> {
  const { config } = options;
  const closing = new AbortController();
  let apiUrl = "";
  let consoleUrl = "";
  const door = new AdminDoor({ ...options, isChosen: config.adminKey !== null });
  const signInUrl = () => config.console ? `${consoleUrl}/#sign-in=${door.newLink()}` : null;
  const ports = await createPorts(node, options, {
    closing: closing.signal,
    apiUrl: () => apiUrl,
    door,
    signInUrl,
  });
  const onError = (error: unknown) => explainFailure(error, options.logger);
  const api = await listen({ ...apiAddress(config), onError }, ports.api.fetch);
  apiUrl = api.url;
  const consoleSide = await listenOrStop(
    { ...consoleAddress(config), onError },
    ports.console,
    api,
  );
  consoleUrl = consoleSide.url;
  return {
    apiUrl,
    consoleUrl,
    signInUrl,
    async stop() {
      closing.abort();
      await Promise.all([api.stop(STOP_GRACE_MS), consoleSide.stop(STOP_GRACE_MS)]);
    },
  };
}

async function createPorts(
  node: GatewayNode & ManagementNode,
  options: ServeApiOptions,
  { closing, apiUrl, door, signInUrl }: {
    readonly closing: AbortSignal;
    readonly apiUrl: () => string;
    readonly door: AdminDoor;
    readonly signInUrl: () => string | null;
  },
): Promise<{ api: Hono<ApiEnv>; console: Hono<ApiEnv> }> {
  const { config, logger, adminKey } = options;
  const { recordPrompts } = config;
  const refusals = new RefusalCounts();
  const book = keyBookOf(options);
  const { ring } = book;
  const gateway = createGateway(node, { keys: ring, logger, refusals, recordPrompts });
  const ollama = createOllama(gateway, node, { managers: { door, ring }, logger, refusals });
  const management = createManagement(node, {
    door,
    signInUrl,
    logger,
    refusals,
    closing,
    addresses: () => ownAddresses(config.listen, apiUrl(), Deno.networkInterfaces()),
    keys: book,
    settings: options.settings ?? [],
  });
  const page = config.console ? createConsole(await assetsOf(options)) : null;
  const base = { self: node.self, logger, refusals, closing };
  const admin = new KeyRing(adminKey === null ? [] : [fullKey("admin", adminKey)]);
  return {
    api: createApiPort(ollama, {
      ...base,
      own: ownHosts(config.listen, options),
      isKeyed: hasKeyOf([ring]),
      keyed: () => !ring.isEmpty,
    }),
    console: createConsolePort({
      gateway,
      gatewayDoor: (c, next) => ring.isEmpty ? door.lenientGuard(c, next) : next(),
      management,
      page,
    }, {
      ...base,
      own: ownHosts(consoleAddress(config).hostname, options),
      isKeyed: hasKeyOf([ring, admin]),
    }),
  };
}

function keyBookOf({ keys, made, config }: ServeApiOptions): KeyBook {
  const isReached = !isLoopback(hostname(config.listen) ?? config.listen);
  return new KeyBook({ fixed: keys, isReached, ...(made === undefined ? {} : { made }) });
}

function assetsOf(
  { assets }: ServeApiOptions,
): Promise<ConsoleAssets | null> | ConsoleAssets | null {
  return assets === undefined ? loadConsoleAssets() : assets;
}

/** No other machine reaches a loopback port by our name; a page that took the name on the network would. */
function ownHosts(bound: string, { names, config }: ServeApiOptions): OwnHosts {
  const isReached = !isLoopback(hostname(bound) ?? bound);
  return { bound, names: [...config.hostNames, ...(isReached ? names : [])] };
}

function apiAddress({ listen, port }: ApiConfig) {
  const maxConnections = connectionsAllowed(openFilesLimit(), API_CONNECTIONS_SHARE);
  return { hostname: listen, port, flag: "--port", maxConnections };
}

function consoleAddress({ console, consoleListen, consolePort }: ApiConfig) {
  const maxConnections = connectionsAllowed(openFilesLimit(), 1 - API_CONNECTIONS_SHARE);
  const common = { flag: "--console-port", maxConnections };
  return console
    ? { hostname: consoleListen, port: consolePort, ...common }
    : { hostname: LOOPBACK, port: 0, ...common };
}

/** Two listeners or none. */
async function listenOrStop(
  options: ListenOptions,
  port: Hono<ApiEnv>,
  first: Listener,
): Promise<Listener> {
  try {
    return await listen(options, port.fetch);
  } catch (error) {
    await first.stop(0);
    throw error;
  }
}

/** Routes answer their own errors; what comes here is mostly an answer that broke off on its way. */
function explainFailure(error: unknown, logger: Logger): Response {
  logger.debug("An answer ended in an error: {error}", { error });
  const { status, body } = answerFor({ kind: "internal" });
  return Response.json(body, { status });
}
