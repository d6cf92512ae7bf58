/** Further names of models, under which callers may ask for them. */

import type { ModelContent, ModelIds } from "./model_ids.ts";
import { isModelName } from "./model_name.ts";

export interface ModelAlias {
  readonly alias: string;
  readonly model: ModelContent;
}

/** An `@` would look like an id. */
export function isAlias(name: string): boolean {
  return isModelName(name) && !name.includes("@");
}

/** The models behind aliases, in any letter case. */
export class Aliases {
  readonly #byWord = new Map<string, ModelAlias[]>();

  /** @param lists the first of them that has a word says alone what it means. */
  constructor(lists: Iterable<readonly ModelAlias[]>) {
    for (const list of lists) {
      const words = Map.groupBy(list, ({ alias }) => alias.toLowerCase());
      for (const [word, said] of words) {
        if (!this.#byWord.has(word)) this.#byWord.set(word, said);
      }
    }
  }

  /** The models that the word may stand for, each once. */
  modelsOf(word: string): readonly ModelContent[] {
    return distinctModels(this.#byWord.get(word.toLowerCase()) ?? []);
  }

  /** The aliases that stand for several models. */
  get contested(): readonly { readonly alias: string; readonly models: readonly ModelContent[] }[] {
    return [...this.#byWord.values()].flatMap((said) => {
      const [first] = said;
      const models = distinctModels(said);
      return first === undefined || models.length < 2 ? [] : [{ alias: first.alias, models }];
    });
  }

  /** The aliases that stand for one model, by its id; none that is the name of a model. */
  byId(ids: ModelIds): ReadonlyMap<string, readonly string[]> {
    const names = new Set(ids.names.map((name) => name.toLowerCase()));
    const byId = new Map<string, string[]>();
    for (const [word, said] of this.#byWord) {
      const [first] = said;
      const [model, ...others] = distinctModels(said);
      if (first === undefined || model === undefined || others.length > 0) continue;
      if (names.has(word)) continue;
      const id = ids.idOf(model);
      byId.set(id, [...byId.get(id) ?? [], first.alias].sort());
    }
    return byId;
  }
}

function distinctModels(said: readonly ModelAlias[]): readonly ModelContent[] {
  const byContent = new Map(said.map(({ model }) => [`${model.fingerprint} ${model.name}`, model]));
  return [...byContent.values()];
}
