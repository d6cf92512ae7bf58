/** A node as src/cli sees it. */

import type { Logger } from "@logtape/logtape";
import type { Commands, LogLine, Setting } from "../api/mod.ts";
import type { PairingOptions } from "../mesh/mod.ts";
import type { AddressRules } from "../downloads/mod.ts";
import type { ModelEnvironment } from "../models/mod.ts";
import type { StandbyLimits } from "./standby/standby_keeper.ts";

export type { ClientInvite, EarlierRequest } from "../mesh/mod.ts";

export interface StartOptions {
  readonly logger: Logger;
  /** Ends a start that is under way. */
  readonly signal: AbortSignal;
  readonly executableDir: string;
  readonly path: string | undefined;
  /** The user's home, where there is one: models are also looked for there. */
  readonly home: string | null;
  /** The variables that say where other programs keep models. */
  readonly environment?: ModelEnvironment;
  readonly version: string;
  readonly commands: Commands;
  /** The settings that the node was started with, for callers that ask. */
  readonly settings?: readonly Setting[];
  /** Which servers downloads may ask; tests have one on loopback. @default {PUBLIC_ONLY} */
  readonly downloadRules?: AddressRules;
  /** How large a mesh gets before idle nodes leave the gossip; tests have small ones. */
  readonly standby?: StandbyLimits;
  /** A user asks for the node's end, through the management API: whoever has started it calls `stop`. @default nobody does */
  readonly onEnd?: () => void;
  readonly pairing?: PairingOptions;
  /** The version of a newer release, where one was found. @default {nobody looks} */
  readonly newerRelease?: () => string | null;
  /** Every line of the log, for the console. */
  readonly logs?: { subscribe(listener: (line: LogLine) => void): () => void };
}

export interface ReadyNode {
  readonly node: string;
  /** `null` where this node may not invite. */
  readonly token: string | null;
  /** URLs without trailing slash. */
  readonly api: string;
  readonly console: string;
  /** The console's page, with a secret that signs in once; `null` without a page. */
  readonly signIn: string | null;
}

export interface RunningNode {
  readonly ready: ReadyNode;
  /** As `ready.signIn`, for another browser. */
  signInUrl(): string | null;
  /** Says goodbye to the mesh, ends all children and listeners. Safe to call twice. */
  stop(reason: string): Promise<void>;
  /** Settles when the node has ended; rejects with what broke it. */
  readonly done: Promise<void>;
}
