/** The management API's actions on the settings of single models. */

import {
  type ChangedSettings,
  type Fit,
  ModelRefusedError,
  type SettingsActions,
  type SettingsChange,
  SettingsChangedError,
  SettingsRefusedError,
  type SettingsView,
  type WrittenSettings,
} from "../../api/mod.ts";
import { reasonOf } from "../../base/as_error.ts";
import { isNamed, type ModelContent, ModelIds } from "../../base/model_ids.ts";
import { readSettings, SETTING_NAMES, writtenSettings } from "../../base/settings_fields.ts";
import type { LocalModel, ShapeSettings } from "../../models/mod.ts";
import type { KeptSettings } from "../data/kept_settings.ts";
import {
  type ModelOverrides,
  type ModelSettings,
  type NamedForSettings,
  runsAlike,
  type SettingsOf,
} from "../plan/model_settings.ts";
import { type OwnEngine, whyNotHere } from "./check_settings.ts";

export interface SettingsManagerOptions {
  readonly kept: KeptSettings;
  /** Those that hold without anything that is kept. */
  readonly configured: SettingsOf;
  readonly settingsOf: SettingsOf;
  readonly engine: OwnEngine;
  readonly onDisk: () => readonly LocalModel[];
  /** The ids of models that are known and not on this disk. */
  readonly elsewhere: () => readonly string[];
  /** Whether the mesh, as it is now, could serve a model of this disk with these settings. */
  readonly fitWith: (model: LocalModel, settings: ShapeSettings) => Fit;
  /** Names of the machines of each instance of a model that is loaded or being loaded, the host first. */
  readonly instances: (model: ModelContent) => readonly InstanceMachines[];
  /** The settings of a model are others from now on. */
  readonly changed: () => void;
  /** It is served here as if `--model` named it, or is so no longer. */
  readonly pin: (id: string, isPinned: boolean) => void;
}

export interface InstanceMachines {
  readonly isOwn: boolean;
  readonly machines: readonly string[];
}

/** A model, and the name or id by which its settings are kept. */
interface Subject {
  readonly key: string;
  readonly model: NamedForSettings;
  /** `null` where it is not on this disk. */
  readonly file: LocalModel | null;
}

type Effect = Pick<SettingsView, "reloads" | "elsewhere">;

const NO_EFFECT: Effect = { reloads: [], elsewhere: [] };

export class SettingsManager implements SettingsActions {
  readonly #options: SettingsManagerOptions;

  constructor(options: SettingsManagerOptions) {
    this.#options = options;
  }

  changed(): ChangedSettings {
    const { kept } = this.#options;
    return Object.fromEntries(kept.names.map((name) => [name, writtenSettings(kept.of(name))]));
  }

  read(asked: string): SettingsView {
    return this.#view(this.#subject(asked));
  }

  change(asked: string, { settings, revision }: SettingsChange): Promise<SettingsView> {
    return this.#save(asked, revision, (before) => merged(before, settings));
  }

  reset(asked: string, revision?: number): Promise<SettingsView> {
    return this.#save(asked, revision, () => ({}));
  }

  async #save(
    asked: string,
    revision: number | undefined,
    next: (before: ModelOverrides) => ModelOverrides,
  ): Promise<SettingsView> {
    const { kept, settingsOf, changed, pin } = this.#options;
    const subject = this.#subject(asked);
    const before = settingsOf(subject.model);
    await kept.change(subject.key, () => {
      const present = this.#view(subject);
      if (revision !== undefined && revision !== present.revision) {
        throw new SettingsChangedError(present);
      }
      const said = kept.of(subject.key);
      const settings = next(said);
      this.#check(subject, said, settings);
      return settings;
    }).catch(cannotKeep);
    const after = settingsOf(subject.model);
    const effect = runsAlike(before, after) ? NO_EFFECT : this.#effect(subject);
    changed();
    if (before.pin !== after.pin) pin(subject.key, after.pin);
    return this.#view(subject, effect);
  }

  /** Of settings with which a llama-server has to be started anew. They hold on this node, which loads what it hosts. */
  #effect({ file }: Subject): Effect {
    const instances = file === null ? [] : this.#options.instances(file);
    const others = instances.filter(({ isOwn }) => !isOwn).flatMap(({ machines }) => machines);
    return {
      reloads: instances.filter(({ isOwn }) => isOwn).flatMap(({ machines }) => machines),
      elsewhere: [...new Set(others)],
    };
  }

  #view({ key, model }: Subject, effect = NO_EFFECT): SettingsView {
    const { kept, configured, settingsOf } = this.#options;
    const changed = kept.of(key);
    return {
      model: key,
      revision: kept.revisionOf(model),
      settings: all(settingsOf(model)),
      changed: writtenSettings(changed),
      configured: all(configured(model)),
      problem: this.#problem(changed),
      ...effect,
    };
  }

  /** Only what is new is judged: a device that is gone must not keep its user from another change. */
  #check(subject: Subject, said: ModelOverrides, settings: ModelOverrides): void {
    const news = Object.fromEntries(
      Object.entries(settings).filter(([key, value]) =>
        JSON.stringify(said[key as keyof ModelOverrides]) !== JSON.stringify(value)
      ),
    ) as ModelOverrides;
    const problem = this.#problem(news);
    if (problem !== null) throw new SettingsRefusedError(problem.split(":", 1)[0]!, problem);
    if (news.pin === true && subject.file === null) {
      throw new ModelRefusedError(
        "conflict",
        `${subject.key} is not on this machine's disk, so it can't be pinned here`,
      );
    }
    this.#checkFit(subject, settings);
  }

  /** A clause that begins with the key. */
  #problem({ args, device, draft }: ModelOverrides): string | null {
    const { engine, onDisk } = this.#options;
    const why = whyNotHere({ ...(args && { args }), ...(device && { device }) }, engine);
    if (why !== null || typeof draft !== "string") return why;
    return onDisk().some((file) => isNamed(draft, file))
      ? null
      : `draft: there is no model ${draft} on this machine's disk`;
  }

  /** One that is served must not end because its new settings leave it no place. */
  #checkFit({ key, model, file }: Subject, settings: ModelOverrides): void {
    const { configured, settingsOf, fitWith } = this.#options;
    const before = settingsOf(model);
    const after = { ...configured(model), ...settings };
    if (file === null || runsAlike(before, after)) return;
    const fit = fitWith(file, after);
    if (fit.kind !== "none" || fitWith(file, before).kind === "none") return;
    throw new ModelRefusedError("conflict", `${key} can't have these settings. ${fit.reason}`);
  }

  /** @throws {ModelRefusedError} */
  #subject(asked: string): Subject {
    const { onDisk, elsewhere, kept } = this.#options;
    const files = onDisk();
    const ids = new ModelIds(files);
    const byId = ids.ofId(asked);
    const meant = byId.length > 0 ? byId : ids.ofName(asked);
    const [file = null, ...others] = files.filter(({ name, fingerprint }) =>
      meant.some((one) => one.name === name && one.fingerprint === fingerprint)
    );
    if (file !== null && others.length === 0) return { key: ids.idOf(file), model: file, file };
    // Settings of a time when no other model had its name are still there to be changed.
    if (kept.has(asked)) return { key: asked, model: { name: asked }, file: null };
    if (file !== null) {
      const several = [file, ...others].map((one) => ids.idOf(one)).join(", ");
      throw new ModelRefusedError(
        "unknown",
        `${asked} may be one of several models on this machine's disk: name one of them, ${several}`,
      );
    }
    if (elsewhere().includes(asked)) return { key: asked, model: { name: asked }, file: null };
    throw new ModelRefusedError("unknown", `There is no model ${asked} that this node knows`);
  }
}

/** Of a node that serves no models. */
export const NO_SETTINGS: SettingsActions = {
  changed: () => ({}),
  read: () => refuseClient(),
  // deno-lint-ignore require-await -- what it throws comes as a rejection
  change: async () => refuseClient(),
  // deno-lint-ignore require-await -- what it throws comes as a rejection
  reset: async () => refuseClient(),
};

function refuseClient(): never {
  throw new ModelRefusedError("conflict", "This node is a client: it serves no models");
}

/** @throws {SettingsRefusedError} */
function merged(
  before: ModelOverrides,
  given: Readonly<Record<string, unknown>>,
): ModelOverrides {
  const written = { ...writtenSettings(before), ...given };
  const said = Object.entries(written).filter(([key, value]) =>
    value !== null || !SETTING_NAMES.includes(key)
  );
  const read = readSettings(Object.fromEntries(said), "api");
  if (read.kind === "settings") return read.settings;
  throw new SettingsRefusedError(
    read.key,
    read.kind === "wrong"
      ? `${read.key} ${read.reason}`
      : `There is no setting ${JSON.stringify(read.key.slice(0, 200))}: ` +
        `the settings of a model are ${SETTING_NAMES.join(", ")}`,
  );
}

function all(settings: ModelSettings): WrittenSettings {
  return writtenSettings(settings) as WrittenSettings;
}

/** The disk, most often. */
function cannotKeep(error: unknown): never {
  const isRefusal = error instanceof ModelRefusedError || error instanceof SettingsRefusedError ||
    error instanceof SettingsChangedError;
  if (isRefusal) throw error;
  throw new ModelRefusedError("conflict", `The settings can't be kept: ${reasonOf(error)}`);
}
