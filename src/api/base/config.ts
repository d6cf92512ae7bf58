/** The settings of the API and the console. They travel whole to their user, and load nothing. */

export interface ApiConfig {
  /** Address and TCP port of the API; port 0 takes a free one. */
  readonly listen: string;
  readonly port: number;
  readonly consoleListen: string;
  readonly consolePort: number;
  /** False drops the page; the management API then stays, on a free loopback port. */
  readonly console: boolean;
  /** Names that callers use for this machine, wherever a port is bound; `*.lan` stands for every name below it. */
  readonly hostNames: readonly string[];
  /** A key without limits. */
  readonly apiKey: string | null;
  /** A file of further keys with their limits; absolute. */
  readonly apiKeyFile: string | null;
  /** The key that managing the node takes; `null` lets the node make one for each start. */
  readonly adminKey: string | null;
  /** Requests are recorded with what they asked. */
  readonly recordPrompts: boolean;
}

/** docs/defaults.md. */
export const API_DEFAULTS: ApiConfig = {
  listen: "127.0.0.1",
  port: 9337,
  consoleListen: "127.0.0.1",
  consolePort: 3131,
  console: true,
  hostNames: [],
  apiKey: null,
  apiKeyFile: null,
  adminKey: null,
  recordPrompts: false,
};
