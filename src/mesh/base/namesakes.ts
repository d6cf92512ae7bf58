/** Models of one name and different content in one mesh: they are told apart wherever a member says a name only. */

import { ModelIds, nameIn } from "../../base/model_ids.ts";
import { MAX_MODEL_NAME_CHARS } from "../../base/model_name.ts";
import type { Announcement, ModelRef } from "./announcement.ts";

type Holder = Pick<Announcement, "models" | "targets" | "instances">;

/** The lists in which members name models. */
type Namer = Pick<
  Announcement,
  "wanted" | "asked" | "claims" | "refuses" | "dropped" | "failures" | "demand"
>;

/** Ids travel as names do, and have all 64 digits of a fingerprint at most. Longer names are not told apart in lists. */
const MAX_NAME_CHARS = MAX_MODEL_NAME_CHARS - 65;

/** The names that several models of one mesh have. */
export class Namesakes {
  readonly #ids: ModelIds;
  /** By id: somebody serves it, or is about to. */
  readonly #served: ReadonlySet<string>;

  /** `null` where each name is one model and nobody says an id, as it mostly is: to find that out has to be quick. */
  static of(members: readonly (Holder & Namer)[]): Namesakes | null {
    const seen = new Map<string, string>();
    const shared = new Set<string>();
    const look = ({ name, fingerprint }: ModelRef) => {
      const known = seen.get(name);
      if (known === undefined) seen.set(name, fingerprint);
      else if (known !== fingerprint) shared.add(name);
    };
    for (const member of members) {
      for (const model of member.models) look(model);
      for (const target of member.targets) look(target);
      for (const { model } of member.instances) look(model);
      for (const name of namedBy(member)) if (nameIn(name) !== name) shared.add(nameIn(name));
    }
    return shared.size === 0 ? null : new Namesakes(members, shared);
  }

  private constructor(members: readonly Holder[], shared: ReadonlySet<string>) {
    const isShared = ({ name }: ModelRef) => shared.has(name);
    this.#ids = new ModelIds(members.flatMap((member) => modelsOf(member).filter(isShared)));
    this.#served = new Set(
      members.flatMap(({ instances }) =>
        instances.filter(({ model, state }) => isShared(model) && state !== "waiting")
          .map(({ model }) => this.#ids.idOf(model))
      ),
    );
  }

  /** All that share a name with another. */
  get models(): ModelRef[] {
    return this.#ids.names.map((name) => this.#ids.ofName(name))
      .filter((models) => models.length > 1).flat();
  }

  /** The model with its id for a name. */
  apart<M extends ModelRef>(model: M): M {
    return this.#isShared(model.name) ? { ...model, name: this.#ids.idOf(model) } : model;
  }

  /** The model as it is announced. */
  plain<M extends ModelRef>(model: M): M {
    return { ...model, name: this.plainName(model.name) };
  }

  plainName(name: string): string {
    return this.#ids.ofId(name).length > 0 ? nameIn(name) : name;
  }

  /** The member, with ids in the lists that name models. */
  named<M extends Holder & Namer>(member: M): M {
    const { wanted, asked, claims, refuses, dropped, failures, demand } = member;
    const one = (name: string) => this.oneOf(name, member);
    const all = (names: readonly string[]) => names.flatMap((name) => this.allOf(name, member));
    return {
      ...member,
      wanted: wanted.map(one),
      ...(asked === undefined ? {} : { asked: asked.map(one) }),
      claims: claims.map((claim) => ({ ...claim, model: one(claim.model) })),
      refuses: all(refuses),
      dropped: all(dropped),
      failures: failures.flatMap(({ model, reason }) =>
        this.#atIt(model, member).map((model) => ({ model, reason }))
      ),
      demand: Object.fromEntries(
        Object.entries(demand).map(([name, requests]) => [one(name), requests]),
      ),
    };
  }

  /**
   * The model that a member means which wants one of a name: the one that it serves or belongs to, else its file, else
   * one that is served already. Every node finds the same one.
   */
  oneOf(nameOrId: string, { models, targets, instances }: Holder): string {
    if (!this.#isShared(nameOrId)) return this.#ids.canonical(nameOrId);
    const own = [...instances.map(({ model }) => model), ...targets, ...models];
    const first = own.find(({ name }) => name === nameOrId);
    if (first !== undefined) return this.#ids.idOf(first);
    const ids = this.#idsOf(nameOrId);
    return ids.find((id) => this.#served.has(id)) ?? ids[0] ?? nameOrId;
  }

  /** The models that a member means which will have nothing to do with any of a name: its own ones, if it has some. */
  allOf(nameOrId: string, member: Holder): readonly string[] {
    if (!this.#isShared(nameOrId)) return [this.#ids.canonical(nameOrId)];
    const own = modelsOf(member).filter(({ name }) => name === nameOrId);
    return own.length === 0
      ? this.#idsOf(nameOrId)
      : [...new Set(own.map((model) => this.#ids.idOf(model)))];
  }

  /** A failure is about the model that the member serves or belongs to, if that has the name. */
  #atIt(name: string, { targets, instances, ...member }: Holder): readonly string[] {
    const now = [...instances.map(({ model }) => model), ...targets];
    const isMeant = now.some((model) => model.name === name);
    return this.allOf(name, { targets, instances, models: isMeant ? [] : member.models });
  }

  #idsOf(name: string): readonly string[] {
    return this.#ids.ofName(name).map((model) => this.#ids.idOf(model));
  }

  #isShared(name: string): boolean {
    return this.#ids.ofName(name).length > 0 && name.length <= MAX_NAME_CHARS;
  }
}

/** Members with ids wherever they say a name that several models have, their own models too. */
export function toldApart<M extends Holder & Namer>(
  members: readonly M[],
  namesakes: Namesakes | null = Namesakes.of(members),
): readonly M[] {
  if (namesakes === null) return members;
  return members.map((member) => {
    const named = namesakes.named(member);
    return {
      ...named,
      models: named.models.map((model) => namesakes.apart(model)),
      targets: named.targets.map((target) => namesakes.apart(target)),
      instances: named.instances.map((one) => ({ ...one, model: namesakes.apart(one.model) })),
    };
  });
}

function* namedBy({ wanted, claims, refuses, dropped, failures }: Namer): Iterable<string> {
  yield* wanted;
  for (const { model } of claims) yield model;
  yield* refuses;
  yield* dropped;
  for (const { model } of failures) yield model;
}

function modelsOf({ models, targets, instances }: Holder): ModelRef[] {
  return [...models, ...targets, ...instances.map(({ model }) => model)];
}
