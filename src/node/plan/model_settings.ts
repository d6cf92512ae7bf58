/** The settings of one model, as they hold for this node: the flags, with what was said of the model itself over them. Pure. */

import type { ServingConfig } from "./config.ts";

export interface ModelSettings {
  /** Tokens for each request; `null` leaves the choice to this node. */
  readonly contextLength: number | null;
  /** Requests that are answered at one time; `null` leaves the choice to this node. */
  readonly slots: number | null;
  /** Further names under which callers may ask for it. */
  readonly aliases: readonly string[];
  /** A file that guesses tokens, `false` for none, `null` for what is on the disk. */
  readonly draft: string | false | null;
  /** In this time without a request it gives its memory back; `null` never. */
  readonly idleUnloadMs: number | null;
  /** It is served here as if `--model` had named it. */
  readonly pin: boolean;
  /** Names of the devices that it may use, none for the CPU alone; `null` for all that the node offers. */
  readonly device: readonly string[] | null;
  /** Further arguments of llama-server. */
  readonly args: readonly string[];
}

/** A model of the catalog has a name only. */
export interface NamedForSettings {
  readonly name: string;
  readonly fingerprint?: string | null;
}

export type SettingsOf = (model: NamedForSettings) => ModelSettings;

export type CommonSettings = Pick<ServingConfig, "contextLength" | "draft" | "idleUnloadMs">;

/** The settings of a model of which nothing was said by its name. */
export function commonSettings(
  { contextLength, draft, idleUnloadMs }: CommonSettings,
): ModelSettings {
  return {
    contextLength,
    slots: null,
    aliases: [],
    draft,
    idleUnloadMs,
    pin: false,
    device: null,
    args: [],
  };
}

export function settingsLookup(serving: CommonSettings): SettingsOf {
  const common = commonSettings(serving);
  return () => common;
}
