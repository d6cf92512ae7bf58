/** The settings of single models, as they travel from who writes them to who serves the models. */

/** llama.cpp keeps at most 256 sequences apart: LLAMA_MAX_SEQ. */
export const SLOTS_MAX = 256;

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

/** Settings of a model by its name or id; the others are those of all models. */
export type ModelOverrides = Partial<ModelSettings>;

/** By a model's name, or by the id of one of several of that name. */
export type OverridesByModel = Readonly<Record<string, ModelOverrides>>;

/** A model of the catalog has a name only. */
export interface NamedForSettings {
  readonly name: string;
  readonly fingerprint?: string | null;
}

export type SettingsOf = (model: NamedForSettings) => ModelSettings;

/** The models that are served as if `--model` had named them. */
export function pinnedIn(perModel: OverridesByModel): readonly string[] {
  return Object.entries(perModel).flatMap(([name, { pin }]) => pin ? [name] : []);
}
