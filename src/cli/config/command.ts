/**
 * The request of the command line, validated: everything below src/cli reads this and never argv or the environment.
 */

import type { Setting } from "../../api/mod.ts";
import type { ProxySettings } from "../../base/proxy_choice.ts";
import type { BackendChoice } from "../../engine/mod.ts";
import type { HubConfig } from "../../models/config.ts";
import type { ServeConfig } from "./serve_command.ts";
import type { Shell } from "./program/actions.ts";

export interface ConfigShowCommand {
  readonly kind: "config-show";
  /** Of the file, whether there is one or not. */
  readonly path: string;
  readonly settings: readonly Setting[];
  /** Sentences about the file. */
  readonly warnings: readonly string[];
  readonly json: boolean;
}

export interface StatusCommand {
  readonly kind: "status";
  readonly dataDir: string;
  readonly json: boolean;
}

export interface ModelsCommand {
  readonly kind: "models";
  readonly dataDir: string;
  readonly modelsDir: string | null;
  /** Those of the catalog that fit nowhere, too. */
  readonly all: boolean;
  readonly json: boolean;
}

export interface PlanCommand {
  readonly kind: "plan";
  readonly dataDir: string;
  readonly modelsDir: string | null;
  readonly model: string;
  readonly json: boolean;
}

export interface DoctorCommand {
  readonly kind: "doctor";
  /** The node that would be started with the same options and file. */
  readonly config: ServeConfig;
  readonly json: boolean;
}

export interface RunAgentCommand {
  readonly kind: "run-agent";
  readonly dataDir: string;
  /** As the settings of tools are named: `goose`, `claude`. */
  readonly agent: string;
  /** `null` takes the node's own. */
  readonly model: string | null;
  /** One that the API listens at, with or without its port; `null` takes that of loopback. */
  readonly address: string | null;
  /** Starts the tool, with these further words. */
  readonly exec: boolean;
  readonly words: readonly string[];
  readonly json: boolean;
}

export interface DownloadCommand {
  readonly kind: "download";
  readonly dataDir: string;
  /** As `--models-dir` says; `null` leaves it to the node. */
  readonly modelsDir: string | null;
  /** A name of the catalog, a repository, or a URL. */
  readonly model: string;
  readonly hub: HubConfig;
  readonly json: boolean;
}

export interface RemoveCommand {
  readonly kind: "rm";
  readonly dataDir: string;
  readonly modelsDir: string | null;
  readonly model: string;
  /** Without a question. */
  readonly yes: boolean;
  readonly json: boolean;
}

export interface DropCommand {
  readonly kind: "drop";
  readonly dataDir: string;
  readonly model: string;
  /** Serves it again. */
  readonly undo: boolean;
  readonly json: boolean;
}

export interface ModelSettingsCommand {
  readonly kind: "settings";
  readonly dataDir: string;
  readonly model: string;
  /** None shows them. */
  readonly changes: Readonly<Record<string, unknown>>;
  /** All that was changed is taken back. */
  readonly reset: boolean;
  readonly json: boolean;
}

export interface ChatCommand {
  readonly kind: "chat";
  readonly dataDir: string;
  /** A model, a prompt, or both. */
  readonly words: readonly string[];
  /** `null` for the running node's. */
  readonly apiUrl: string | null;
  /** Keeps what is typed for the next chat. */
  readonly history: boolean;
}

/** The models that run: `ps`. */
export interface RunsCommand {
  readonly kind: "ps";
  readonly dataDir: string;
  readonly json: boolean;
}

export interface ServeModelCommand {
  readonly kind: "serve-model";
  readonly dataDir: string;
  readonly model: string;
  readonly json: boolean;
}

export interface StopCommand {
  readonly kind: "stop";
  readonly dataDir: string;
  readonly json: boolean;
}

export interface LogsCommand {
  readonly kind: "logs";
  readonly dataDir: string;
  /** Goes on with what comes, also over a restart of the node. */
  readonly follow: boolean;
  readonly json: boolean;
}

export interface TokenCommand {
  readonly kind: "token";
  readonly dataDir: string;
  readonly role: "member" | "client";
  readonly name: string | null;
  /** `null` for what the running node gives by itself. */
  readonly mayInvite: boolean | null;
  /** From now on; `null` for as long as the inviting node belongs to the mesh. */
  readonly expiresMs: number | null;
  readonly json: boolean;
}

export interface KeyMakeCommand {
  readonly kind: "key-make";
  readonly dataDir: string;
  readonly name: string;
  /** `null` for all. */
  readonly models: readonly string[] | null;
  readonly json: boolean;
}

export interface KeyListCommand {
  readonly kind: "key-list";
  readonly dataDir: string;
  readonly json: boolean;
}

export interface KeyRemoveCommand {
  readonly kind: "key-remove";
  readonly dataDir: string;
  readonly name: string;
  readonly json: boolean;
}

export interface TokenListCommand {
  readonly kind: "token-list";
  readonly dataDir: string;
  readonly json: boolean;
}

export interface TokenRevokeCommand {
  readonly kind: "token-revoke";
  readonly dataDir: string;
  readonly id: string;
  readonly json: boolean;
}

export interface TokenRemoveCommand {
  readonly kind: "token-remove";
  readonly dataDir: string;
  /** Its name or PeerId. */
  readonly machine: string;
  /** Asks nothing. */
  readonly yes: boolean;
  readonly json: boolean;
}

export interface RelayRunCommand {
  readonly kind: "relay";
  /** Of the relay alone. */
  readonly dataDir: string;
  readonly name: string;
  /** `null` takes that of the last start, or a free one. */
  readonly bindPort: number | null;
  /** `null` as at the last start, or those of this machine's interfaces. */
  readonly address: string | null;
  readonly json: boolean;
}

export interface RelayClaimCommand {
  readonly kind: "relay-claim";
  /** Of the relay alone. */
  readonly dataDir: string;
  readonly json: boolean;
}

export interface RelayStatusCommand {
  readonly kind: "relay-status";
  /** Of the relay alone. */
  readonly dataDir: string;
  readonly json: boolean;
}

export interface RelayAddCommand {
  readonly kind: "relay-add";
  readonly dataDir: string;
  /** `-` and `@FILE` as with `--join`. */
  readonly claim: string;
  readonly name: string | null;
  readonly json: boolean;
}

export interface RelayListCommand {
  readonly kind: "relay-list";
  readonly dataDir: string;
  readonly json: boolean;
}

export interface RelayRemoveCommand {
  readonly kind: "relay-remove";
  readonly dataDir: string;
  readonly id: string;
  readonly json: boolean;
}

export interface HelpCommand {
  readonly kind: "help";
  readonly text: string;
  /** Of a bare first start: a mesh of this network may be joined in place of the help. */
  readonly offer?: JoinCommand;
}

export interface JoinCommand {
  readonly kind: "join";
  /** The node that is started with the invite, where none runs. */
  readonly config: ServeConfig;
  readonly settings: readonly Setting[];
  /** Its name or short id; `null` for the only one there is. */
  readonly mesh: string | null;
  /** Asks nothing. */
  readonly yes: boolean;
  readonly json: boolean;
}

export interface PairListCommand {
  readonly kind: "pair-list";
  readonly dataDir: string;
  readonly json: boolean;
}

export interface PairAcceptCommand {
  readonly kind: "pair-accept";
  readonly dataDir: string;
  /** Six digits. */
  readonly code: string;
  readonly role: "member" | "client";
  readonly name: string | null;
  /** `null` for what the running node gives by itself. */
  readonly mayInvite: boolean | null;
  readonly json: boolean;
}

export interface PairRefuseCommand {
  readonly kind: "pair-refuse";
  readonly dataDir: string;
  readonly json: boolean;
}

export interface EngineInstallCommand {
  readonly kind: "engine-install";
  readonly dataDir: string;
  readonly from: "release" | "debian" | null;
  readonly backend: BackendChoice;
  /** A machine of the mesh whose llama.cpp this one is to have. */
  readonly like: string | null;
  readonly json: boolean;
}

export interface EngineShowCommand {
  readonly kind: "engine-show";
  readonly dataDir: string;
  readonly binDir: string | null;
  readonly json: boolean;
}

export interface LicensesCommand {
  readonly kind: "licenses";
  readonly json: boolean;
}

interface OfService {
  /** Of the whole machine, in place of this user. */
  readonly system: boolean;
  readonly json: boolean;
}

export interface ServiceInstallCommand extends OfService {
  readonly kind: "service-install";
  /** `null` where none is named, and the service's user is another one. */
  readonly dataDir: string | null;
  /** `null` for the one who has called sudo. */
  readonly user: string | null;
}

export interface ServiceLogsCommand extends OfService {
  readonly kind: "service-logs";
  readonly follow: boolean;
}

export interface ServiceAskCommand extends OfService {
  readonly kind: "service-uninstall" | "service-status";
}

export type ServiceCommand = ServiceInstallCommand | ServiceLogsCommand | ServiceAskCommand;

export interface UpdateCommand {
  readonly kind: "update";
  readonly dataDir: string;
  /** Only looks. */
  readonly check: boolean;
  /** Goes back to the executable before the last update. */
  readonly rollback: boolean;
  /** A version, also an older one; `null` for the latest. */
  readonly to: string | null;
  /** A folder or a server; `null` for the repository. */
  readonly from: string | null;
  /** A service of this executable is started anew. */
  readonly restart: boolean;
  readonly proxies?: ProxySettings;
  readonly json: boolean;
}

export interface CompletionsCommand {
  readonly kind: "completions";
  readonly shell: Shell;
}

export interface CompleteCommand {
  readonly kind: "complete";
  readonly words: readonly string[];
}

export type Command =
  | ServeConfig
  | ConfigShowCommand
  | CompletionsCommand
  | CompleteCommand
  | StatusCommand
  | ModelsCommand
  | PlanCommand
  | DoctorCommand
  | RunAgentCommand
  | DownloadCommand
  | RemoveCommand
  | DropCommand
  | ModelSettingsCommand
  | ChatCommand
  | RunsCommand
  | ServeModelCommand
  | StopCommand
  | LogsCommand
  | TokenCommand
  | KeyMakeCommand
  | KeyListCommand
  | KeyRemoveCommand
  | TokenListCommand
  | TokenRevokeCommand
  | TokenRemoveCommand
  | RelayRunCommand
  | RelayClaimCommand
  | RelayStatusCommand
  | RelayAddCommand
  | RelayListCommand
  | RelayRemoveCommand
  | JoinCommand
  | PairListCommand
  | PairAcceptCommand
  | PairRefuseCommand
  | EngineInstallCommand
  | EngineShowCommand
  | LicensesCommand
  | ServiceCommand
  | UpdateCommand
  | { readonly kind: "version" }
  | HelpCommand;
