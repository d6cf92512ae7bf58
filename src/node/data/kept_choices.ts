/** The choices of models that a user made while the node ran: kept, so that a restart does not forget them. */

import { join } from "node:path";
import { z } from "zod";
import { writeWhole } from "../../base/atomic_file.ts";
import { type FormSteps, keptText, LaterFileError, readKept } from "../../base/kept_file.ts";
import { isNamed, nameIn } from "../../base/model_ids.ts";
import { systemFailure } from "../../base/system_error.ts";
import { absoluteModels } from "./last_start.ts";

/** When, in milliseconds since the epoch. */
const moment = z.number().int().min(0);

const chosen = z.object({
  name: z.string(),
  path: z.string(),
  // An earlier version does not write it.
  fingerprint: z.string().exactOptional(),
  atMs: moment,
});

const schema = z.object({
  /** The models that `--model` or config.toml named at the time of the choice, absolute. */
  models: z.array(z.string()),
  /** The latest first. */
  pinned: z.array(chosen),
  /** By name, or by the id of one of several models on this disk. */
  dropped: z.record(z.string(), moment),
});

export type Choices = z.infer<typeof schema>;

/** The first form had one model or none, under a name of its own at first. */
const STEPS: FormSteps = [
  ({ told = null, pinned = told, ...fields }) => ({
    ...fields,
    pinned: Array.isArray(pinned) ? pinned : pinned === null ? [] : [pinned],
  }),
];

const NO_CHOICES: Choices = { models: [], pinned: [], dropped: {} };

/**
 * The part of earlier choices that still counts at a start. The latest choice wins. The models that a command line or
 * config.toml names count as a later choice only if they differ from before, for a service manager repeats the old ones
 * after a crash. Pure.
 * @param names and ids of the models that are named now
 */
export function stillValid(
  choices: Choices,
  { models, names }: { readonly models: readonly string[]; readonly names: readonly string[] },
): Choices {
  const isRepeated = models.length === 0 || String(models) === String(choices.models);
  if (isRepeated) return choices;
  const dropped = Object.entries(choices.dropped).filter(([name]) => !names.includes(name));
  return { models: [...models], pinned: [], dropped: Object.fromEntries(dropped) };
}

interface ChosenFile {
  readonly name: string;
  readonly path: string;
  readonly fingerprint?: string;
}

function isMeant(nameOrId: string, { name, fingerprint }: ChosenFile): boolean {
  return fingerprint === undefined
    ? nameIn(nameOrId) === name
    : isNamed(nameOrId, { name, fingerprint });
}

/** The only owner of its file in a data directory. */
export class KeptChoices {
  readonly #path: string;
  #choices: Choices;
  /** --model or config.toml names models. */
  #hasNamed = false;
  #writing: Promise<void> = Promise.resolve();

  /** A file that is missing or damaged says nothing. @throws {LaterFileError}, and what the disk says */
  static async open(dataDir: string): Promise<KeptChoices> {
    const path = join(dataDir, "said.json");
    const form = { steps: STEPS, parse: (json: unknown) => schema.parse(json) };
    const kept = await readKept(path, form).catch((error) => {
      if (error instanceof LaterFileError || systemFailure(error) !== null) throw error;
      return undefined;
    });
    return new KeptChoices(path, kept ?? NO_CHOICES);
  }

  private constructor(path: string, choices: Choices) {
    this.#path = path;
    this.#choices = choices;
  }

  /** Why its user wants this model served, for people. */
  why(model: string): string {
    const choice = this.#choices.pinned.find(({ name }) => name === model);
    if (choice) return `its user chose it here on ${dateOf(choice.atMs)}`;
    return this.#hasNamed ? "--model or config.toml names it" : "no other model was named";
  }

  get choices(): Choices {
    return this.#choices;
  }

  /** Forgets what a new command line or config.toml has overruled. @throws what the disk says */
  async start(models: readonly string[], names: readonly string[]): Promise<void> {
    const named = await absoluteModels(models);
    this.#hasNamed = named.length > 0;
    const next = stillValid(this.#choices, { models: named, names });
    const choseNothing = this.#choices.pinned.length === 0 &&
      Object.keys(this.#choices.dropped).length === 0;
    // Its file is written with the first word, which is said against what is named now.
    if (choseNothing) this.#choices = { ...NO_CHOICES, models: named };
    else if (next !== this.#choices) await this.#write(next);
  }

  /** @throws what the disk says */
  serve(
    { name, path, fingerprint }: ChosenFile,
    atMs: number,
  ): Promise<void> {
    const content = fingerprint === undefined ? {} : { fingerprint };
    const choice = { name, path, ...content, atMs };
    const others = this.#choices.pinned.filter((one) => one.path !== path);
    const dropped = Object.entries(this.#choices.dropped).filter(([one]) => !isMeant(one, choice));
    return this.#write({
      ...this.#choices,
      pinned: [choice, ...others],
      dropped: Object.fromEntries(dropped),
    });
  }

  /**
   * @param name or the id of one of several models on this disk
   * @throws what the disk says
   */
  drop(name: string, atMs: number): Promise<void> {
    const { pinned, dropped } = this.#choices;
    return this.#write({
      ...this.#choices,
      pinned: pinned.filter((choice) => !isMeant(name, choice)),
      dropped: { ...dropped, [name]: atMs },
    });
  }

  /** It is served as the mesh needs it, or as a command line says. @throws what the disk says */
  forget(name: string): Promise<void> {
    const pinned = this.#choices.pinned.filter((choice) => !isMeant(name, choice));
    return this.#write({ ...this.#choices, pinned });
  }

  /** One after another: `writeWhole` leaves it to its caller that no two writes of one path overlap. */
  #write(choices: Choices): Promise<void> {
    this.#choices = choices;
    const text = keptText(choices, STEPS);
    this.#writing = this.#writing.catch(() => {}).then(() => writeWhole(this.#path, text));
    return this.#writing;
  }
}

/** The day and the minute in UTC, for people. */
export function dateOf(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 16).replace("T", " ");
}
