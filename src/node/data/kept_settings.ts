/** The settings of models that were changed while the node ran: kept in a file of their own, for config.toml is its user's. */

import { join } from "node:path";
import { z } from "zod";
import { writeWhole } from "../../base/atomic_file.ts";
import { FIRST_FORM, keptText, LaterFileError, presentForm } from "../../base/kept_file.ts";
import { reasonOf } from "../../base/as_error.ts";
import { isNamed } from "../../base/model_ids.ts";
import type {
  ModelOverrides,
  NamedForSettings,
  OverridesByModel,
} from "../../base/model_settings.ts";
import { readSettings, writtenSettings } from "../../base/settings_fields.ts";

const FILE = "model-settings.json";

/** More models than a machine has, and few enough for a file that is written whole. */
const MAX_MODELS = 1_000;

const schema = z.object({
  /** Of the last change; none is used twice. */
  revision: z.int().min(0),
  /** By name, or by the id of one of several models on this disk. */
  models: z.record(
    z.string(),
    z.object({ revision: z.int().min(1), settings: z.record(z.string(), z.unknown()) }),
  ),
});

interface Kept {
  readonly revision: number;
  readonly settings: ModelOverrides;
}

interface State {
  readonly revision: number;
  readonly models: ReadonlyMap<string, Kept>;
}

export interface KeptSettingsOptions {
  /** Told of what can't be used, in a sentence. */
  readonly warn: (sentence: string) => void;
}

/** The only owner of its file in a data directory. */
export class KeptSettings {
  readonly #path: string;
  #state: State;
  #adapt: (settings: ModelOverrides) => ModelOverrides = (settings) => settings;
  #byModel: OverridesByModel | undefined;
  /** One change after the other: each begins with what the one before has left. */
  #changing: Promise<unknown> = Promise.resolve();

  /** A file that can't be read is put aside, and its settings don't hold. @throws {LaterFileError} */
  static async open(dataDir: string, { warn }: KeptSettingsOptions): Promise<KeptSettings> {
    const path = join(dataDir, FILE);
    const text = await Deno.readTextFile(path).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return null;
      throw new Error(`Cannot read the settings of models in ${path}: ${reasonOf(error)}`);
    });
    const state = text === null ? NOTHING : parse(path, text, warn);
    if (state !== null) return new KeptSettings(path, state);
    const aside = join(dataDir, "model-settings-unread.json");
    await Deno.rename(path, aside);
    warn(
      `The settings of models in ${path} are damaged: they are put aside as ${aside}, and those of ` +
        "config.toml hold",
    );
    return new KeptSettings(path, NOTHING);
  }

  private constructor(path: string, state: State) {
    this.#path = path;
    this.#state = state;
  }

  /** Only what this makes of them holds: once it is known what this machine can do. */
  adapt(change: (settings: ModelOverrides) => ModelOverrides): void {
    this.#adapt = change;
    this.#byModel = undefined;
  }

  /** Those that hold; the same object until they change. */
  get byModel(): OverridesByModel {
    return this.#byModel ??= Object.fromEntries(
      [...this.#state.models].map(([name, { settings }]) => [name, this.#adapt(settings)]),
    );
  }

  /** The names and ids of which something was said. */
  get names(): readonly string[] {
    return [...this.#state.models.keys()];
  }

  has(nameOrId: string): boolean {
    return this.#state.models.has(nameOrId);
  }

  /** As they were said of exactly this name or id. */
  of(nameOrId: string): ModelOverrides {
    return this.#state.models.get(nameOrId)?.settings ?? {};
  }

  /** The revision of all that was said of a model; 0 where nothing was. */
  revisionOf({ name, fingerprint }: NamedForSettings): number {
    const isMeant = (asked: string) =>
      asked === name || (fingerprint ? isNamed(asked, { name, fingerprint }) : false);
    const said = [...this.#state.models].filter(([asked]) => isMeant(asked));
    return Math.max(0, ...said.map(([, { revision }]) => revision));
  }

  /**
   * Changes what is said of one name or id. Nothing has changed unless it is on the disk.
   * @param next what shall be said of it; `{}` forgets it. An error of it ends the change
   * @throws what the disk says
   */
  change(nameOrId: string, next: () => ModelOverrides): Promise<void> {
    const change = this.#changing.then(async () => {
      const settings = next();
      const state = changed(this.#state, nameOrId, settings);
      await writeWhole(this.#path, textOf(state), { sync: true });
      this.#state = state;
      this.#byModel = undefined;
    });
    this.#changing = change.catch(() => {});
    return change;
  }
}

const NOTHING: State = { revision: 0, models: new Map() };

function changed(before: State, nameOrId: string, settings: ModelOverrides): State {
  const revision = before.revision + 1;
  const models = new Map(before.models);
  if (Object.keys(settings).length === 0) models.delete(nameOrId);
  else models.set(nameOrId, { revision, settings });
  if (models.size > MAX_MODELS) {
    throw new Error(`no more than ${MAX_MODELS} models may have settings of their own`);
  }
  return { revision, models };
}

function textOf({ revision, models }: State): string {
  const written = [...models].map(([name, { revision, settings }]) =>
    [name, { revision, settings: writtenSettings(settings) }] as const
  );
  return keptText({ revision, models: Object.fromEntries(written) });
}

/** `null` where it makes no sense. @throws {LaterFileError} */
function parse(path: string, text: string, warn: (sentence: string) => void): State | null {
  const read = schema.safeParse(jsonOf(path, text));
  if (!read.success) return null;
  const { revision, models } = read.data;
  const usable = Object.entries(models).flatMap(([name, { revision, settings }]) => {
    const read = readSettings(settings, "api");
    if (read.kind === "settings") return [[name, { revision, settings: read.settings }] as const];
    warn(
      `The settings of ${name} that were changed here hold no longer, for this version does ` +
        `not take its ${read.key}`,
    );
    return [];
  });
  return { revision, models: new Map(usable) };
}

function jsonOf(path: string, text: string): unknown {
  try {
    return presentForm(path, JSON.parse(text), FIRST_FORM).json;
  } catch (error) {
    if (error instanceof LaterFileError) throw error;
    return undefined;
  }
}
