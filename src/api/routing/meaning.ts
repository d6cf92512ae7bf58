import type { Aliases } from "../../base/model_aliases.ts";
import { isSameContent, type ModelContent, type ModelIds } from "../../base/model_ids.ts";
import type { Meaning, NamedModel } from "../base/types.ts";
import { begunNames, sameName } from "./model_name.ts";

export interface Known {
  readonly ids: ModelIds;
  /** The models on this node's own disk. */
  readonly own: readonly ModelContent[];
  readonly aliases: Aliases;
  /**
   * Ids of models that answer, or may soon, in order of the ease with which they do. The start of a name is looked for in
   * one list after the other, and nowhere else: it loads nothing.
   */
  readonly nearest: () => readonly (readonly string[])[];
}

/**
 * The one place where a caller's word becomes a model. An id is that model. Otherwise the word is a name, in any letter
 * case, else an alias, else the start of a name; and a name that several models have means this node's own file, if it
 * has exactly one.
 */
export function meaningOf(asked: string, known: Known): Meaning {
  const { ids } = known;
  const byId = withId(asked, ids);
  if (byId.length > 0) return meaning(byId.map((model) => named(model, ids)));
  if (ids.ofName(asked).length > 0) return meaning(modelsOf(asked, known));
  const { same, begun } = namesLike(asked, known);
  const aliased = same.length > 0 ? [] : known.aliases.modelsOf(asked);
  if (aliased.length > 0) return meaning(aliased.map((model) => named(model, ids)));
  const names = same.length > 0 ? same : begun;
  return meaning(names.flatMap((name) => modelsOf(name, known)));
}

function namesLike(asked: string, { ids, nearest }: Known) {
  const nameOf = (id: string) => ids.ofId(id)[0]?.name ?? id;
  const lists = nearest().map((list) => [...new Set(list.map(nameOf))]);
  const same = sameName(asked, [...new Set([...lists.flat(), ...ids.names])]);
  const begun = lists.map((list) => begunNames(asked, list)).find((found) => found.length > 0);
  return { same, begun: begun ?? [] };
}

/** The models that an id stands for, the name in any letter case. */
function withId(asked: string, ids: ModelIds): readonly ModelContent[] {
  const exact = ids.ofId(asked);
  const at = asked.lastIndexOf("@");
  if (exact.length > 0 || at === -1) return exact;
  const names = sameName(asked.slice(0, at), ids.names);
  return names.flatMap((name) => ids.ofId(name + asked.slice(at)));
}

/** The models that a name stands for on this node. */
function modelsOf(name: string, { ids, own }: Pick<Known, "ids" | "own">): readonly NamedModel[] {
  const models = ids.ofName(name);
  if (models.length === 0) return [{ id: name, name, fingerprint: null }];
  const isOwn = (model: ModelContent) => own.some((file) => isSameContent(file, model));
  const [only, ...others] = models.filter(isOwn);
  const meant = only !== undefined && others.length === 0 ? [only] : models;
  return meant.map((model) => named(model, ids));
}

function named(model: ModelContent, ids: ModelIds): NamedModel {
  const { name, fingerprint } = model;
  return { id: ids.idOf(model), name, fingerprint };
}

function meaning(models: readonly NamedModel[]): Meaning {
  const [model, ...others] = models;
  if (model === undefined) return { kind: "none" };
  return others.length === 0 ? { kind: "one", model } : { kind: "several", models };
}
