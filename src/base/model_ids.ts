/** One model: a name and its content. Two files of one name and different content are two models. */
export interface ModelContent {
  readonly name: string;
  /** SHA-256 (hex) of the GGUF's header and its size. */
  readonly fingerprint: string;
}

/** So many digits of a fingerprint tell two models of one name apart, unless somebody has made them alike. */
const ID_DIGITS = 8;

const ENDS_LIKE_AN_ID = new RegExp(`@[0-9a-f]{${ID_DIGITS},64}$`, "i");

/** The name and the digits of `NAME@DIGITS`. */
function partsOf(text: string): { readonly name: string; readonly digits: string } | undefined {
  const at = text.lastIndexOf("@");
  if (at < 1 || at === text.length - 1) return undefined;
  return { name: text.slice(0, at), digits: text.slice(at + 1).toLowerCase() };
}

/** The name in an id; a name as it is. */
export function nameIn(nameOrId: string): string {
  // Most names have none, and plans ask for thousands of them.
  if (!nameOrId.includes("@") || !ENDS_LIKE_AN_ID.test(nameOrId)) return nameOrId;
  return partsOf(nameOrId)?.name ?? nameOrId;
}

/** Enough of the fingerprint to be meant for it. */
function begins(fingerprint: string, digits: string): boolean {
  return fingerprint.startsWith(digits) &&
    digits.length >= Math.min(ID_DIGITS, fingerprint.length);
}

export function isSameContent(a: ModelContent, b: ModelContent): boolean {
  return a.name === b.name && a.fingerprint === b.fingerprint;
}

/** Whether a name, which stands for all models of it, or an id, which stands for one, is meant for this model. */
export function isNamed(nameOrId: string, { name, fingerprint }: ModelContent): boolean {
  if (nameOrId === name) return true;
  const id = partsOf(nameOrId);
  return id !== undefined && id.name === name && begins(fingerprint, id.digits);
}

/** `NAME@` and the first digits of the fingerprint, whether or not another model has the name. */
export function longId({ name, fingerprint }: ModelContent, digits = ID_DIGITS): string {
  return `${name}@${fingerprint.slice(0, digits)}`;
}

/**
 * The ids of all models that somebody knows: a model's name where no other model has it, else `NAME@` and the first
 * digits of its fingerprint. Each id stands for one model only: a name that itself ends like an id is never an id.
 */
export class ModelIds {
  readonly #byName = new Map<string, ModelContent[]>();

  /** @param models in any order, and as often as one likes. */
  constructor(models: Iterable<ModelContent>) {
    for (const { name, fingerprint } of models) {
      const known = this.#byName.get(name);
      if (known === undefined) this.#byName.set(name, [{ name, fingerprint }]);
      else if (!known.some((one) => one.fingerprint === fingerprint)) {
        known.push({ name, fingerprint });
      }
    }
    for (const known of this.#byName.values()) {
      known.sort((a, b) => a.fingerprint < b.fingerprint ? -1 : 1);
    }
  }

  get names(): string[] {
    return [...this.#byName.keys()];
  }

  /** All models of the name, those of the lowest fingerprint first. */
  ofName(name: string): readonly ModelContent[] {
    return this.#byName.get(name) ?? [];
  }

  /** All models that an id may stand for: one, unless the caller has shortened it. */
  ofId(id: string): readonly ModelContent[] {
    const parts = partsOf(id);
    if (parts === undefined) return [];
    return this.ofName(parts.name).filter(({ fingerprint }) => begins(fingerprint, parts.digits));
  }

  idOf(model: ModelContent): string {
    const { name } = model;
    const others = this.ofName(name).filter((one) => one.fingerprint !== model.fingerprint);
    if (others.length === 0 && !ENDS_LIKE_AN_ID.test(name)) return name;
    const short = longId(model);
    return others.some((one) => longId(one) === short) ? longId(model, 64) : short;
  }

  /** The only model that an id or a name may stand for. */
  only(nameOrId: string): ModelContent | undefined {
    const byId = this.ofId(nameOrId);
    const [model, ...others] = byId.length > 0 ? byId : this.ofName(nameOrId);
    return others.length > 0 ? undefined : model;
  }

  /** An id or a name as `idOf` says it, where it stands for one model; else as it is. */
  canonical(nameOrId: string): string {
    const model = this.only(nameOrId);
    return model === undefined ? nameOrId : this.idOf(model);
  }
}
