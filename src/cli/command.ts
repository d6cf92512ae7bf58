/** What the command line asks for, validated: everything below src/cli reads this and never argv or the environment. */

import type { NodeConfig } from "../node/mod.ts";

/** `mesh-llm`, `mesh-llm console` and `mesh-llm --client`. */
export interface ServeConfig extends NodeConfig {
  readonly kind: "serve";
  readonly logFormat: "pretty" | "json";
}

export interface StatusCommand {
  readonly kind: "status";
  readonly dataDir: string;
  readonly json: boolean;
}

export interface DropCommand {
  readonly kind: "drop";
  readonly dataDir: string;
  readonly model: string;
  readonly json: boolean;
}

export interface TokenCommand {
  readonly kind: "token";
  readonly dataDir: string;
  readonly role: "member" | "client";
  readonly name: string | null;
  readonly mayInvite: boolean;
  readonly json: boolean;
}

export interface EngineInstallCommand {
  readonly kind: "engine-install";
  readonly dataDir: string;
  readonly from: "release" | "debian" | null;
  readonly json: boolean;
}

export interface EngineShowCommand {
  readonly kind: "engine-show";
  readonly dataDir: string;
  readonly binDir: string | null;
  readonly json: boolean;
}

export type Command =
  | ServeConfig
  | StatusCommand
  | DropCommand
  | TokenCommand
  | EngineInstallCommand
  | EngineShowCommand
  | { readonly kind: "version" }
  | { readonly kind: "help"; readonly text: string };
