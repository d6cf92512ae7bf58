import type { HubConfig } from "./models/model_manager.ts";

/** The configuration of a node; src/cli makes it of argv, environment and file. */
export interface NodeConfig {
  /** Passive: no llama.cpp, no model. */
  readonly client: boolean;
  /** `mesh-llm console`: the guide is served where no model is named. */
  readonly openBrowser: boolean;
  /** Names or paths; the first is served here, the rest are wanted of the mesh. */
  readonly models: readonly string[];
  readonly join: string | null;
  readonly leave: boolean;
  readonly port: number;
  readonly consolePort: number;
  readonly console: boolean;
  /** UDP; `null` takes the one kept in the data directory, or a free one. */
  readonly bindPort: number | null;
  readonly listen: string;
  readonly consoleListen: string;
  /** Names that callers use for this machine; `*.lan` stands for every name below it. */
  readonly hostNames: readonly string[];
  readonly apiKey: string | null;
  /** A file of further keys with their limits; absolute. */
  readonly apiKeyFile: string | null;
  /** `null` lets the node make one for each start. */
  readonly adminKey: string | null;
  readonly insecure: boolean;
  /** Requests are recorded with what they asked. */
  readonly recordPrompts: boolean;
  readonly split: boolean;
  /** Host first, then workers. */
  readonly tensorSplit: readonly number[] | null;
  readonly maxVramBytes: number | null;
  readonly contextLength: number | null;
  /** A file that guesses tokens, `false` for none, `null` for what is on the disk. */
  readonly draft: string | false | null;
  /** A model that nobody asked for in this time gives its memory back. */
  readonly idleUnloadMs: number | null;
  readonly binDir: string | null;
  readonly modelsDir: string | null;
  /** The source of models to download. */
  readonly hub: HubConfig;
  /** Absolute. */
  readonly dataDir: string;
  readonly name: string;
}
