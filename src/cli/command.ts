/** What the command line asks for, validated: everything below src/cli reads this and never argv or the environment. */

export interface ServeConfig {
  readonly kind: "serve";
  readonly client: boolean;
  /** `mesh-llm console`: the guide is served where no model is named, and the browser is opened. */
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
  readonly apiKey: string | null;
  readonly insecure: boolean;
  readonly split: boolean;
  /** Host first, then workers. */
  readonly tensorSplit: readonly number[] | null;
  readonly maxVramBytes: number | null;
  readonly contextLength: number | null;
  readonly binDir: string | null;
  readonly modelsDir: string | null;
  readonly dataDir: string;
  readonly name: string;
  readonly logFormat: "pretty" | "json";
}

export type Command =
  | ServeConfig
  | { readonly kind: "version" }
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "status"; readonly dataDir: string; readonly json: boolean }
  | {
    readonly kind: "token";
    readonly dataDir: string;
    readonly role: "member" | "client";
    readonly name: string | null;
    readonly mayInvite: boolean;
    readonly json: boolean;
  }
  | {
    readonly kind: "engine-install";
    readonly dataDir: string;
    readonly from: "release" | "debian" | null;
    readonly json: boolean;
  }
  | {
    readonly kind: "engine-show";
    readonly dataDir: string;
    readonly binDir: string | null;
    readonly json: boolean;
  };
