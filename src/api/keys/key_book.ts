/** The keys of a node's API: those that it was started with, and those that are made while it runs. */

import { randomBytes } from "node:crypto";
import { MADE_KEYS_MAX } from "../base/defaults.ts";
import { RefusedError } from "../http/openai_errors.ts";
import { systemWords } from "../../base/system_error.ts";
import { type ApiKey, fullKey, KeyRing } from "./keys.ts";

/** The keys that were made earlier, and the place where they are kept. */
export interface MadeKeys {
  readonly keys: readonly ApiKey[];
  /** Keeps all of them over restarts. */
  save(keys: readonly ApiKey[]): Promise<void>;
}

/** A key as a list shows it: never the key itself. */
export interface KeyView extends Omit<Required<ApiKey>, "key"> {
  /** While the node ran, so that it can be removed. */
  readonly made: boolean;
}

export interface KeyBookOptions {
  /** Those of the flag, the environment and the key file. */
  readonly fixed: readonly ApiKey[];
  readonly made?: MadeKeys;
  /** Other machines reach the port, so that one key has to stay, unless it was opened to all of them. */
  readonly isReached?: boolean;
}

/** Owns the ring by which the ports let callers in. */
export class KeyBook {
  readonly ring: KeyRing;
  readonly #fixed: readonly ApiKey[];
  readonly #save: MadeKeys["save"];
  readonly #mustStay: boolean;
  #made: readonly ApiKey[];
  /** Changes are kept one after another. */
  #last: Promise<unknown> = Promise.resolve();

  constructor({ fixed, made, isReached = false }: KeyBookOptions) {
    this.#fixed = fixed;
    this.#made = made?.keys ?? [];
    this.#save = made?.save ?? (() => Promise.resolve());
    this.ring = new KeyRing([...fixed, ...this.#made]);
    this.#mustStay = isReached && !this.ring.isEmpty;
  }

  list(): KeyView[] {
    const view = (made: boolean) => ({ key: _, manage = false, ...key }: ApiKey): KeyView => ({
      ...key,
      manage,
      made,
    });
    return [...this.#fixed.map(view(false)), ...this.#made.map(view(true))];
  }

  /** A new key without the right to manage; it is told once. @throws {RefusedError} */
  make(name: string, models: readonly string[] | null): Promise<ApiKey> {
    return this.#inTurn(async () => {
      if (this.list().some((key) => key.name === name)) {
        throw conflict(`There is a key '${name}' already: remove it first, or choose another name`);
      }
      if (this.#made.length >= MADE_KEYS_MAX) {
        throw conflict(`This node keeps ${MADE_KEYS_MAX} made keys at most: remove one first`);
      }
      const key = { ...fullKey(name, newKey()), models };
      await this.#keep([...this.#made, key]);
      return key;
    });
  }

  /** Its callers are refused from now on. @throws {RefusedError} */
  remove(name: string): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#fixed.some((key) => key.name === name)) {
        throw conflict(
          `The key '${name}' is one that the node was started with: take it from its key file, or start it ` +
            "without the key",
        );
      }
      const left = this.#made.filter((key) => key.name !== name);
      if (left.length === this.#made.length) {
        throw new RefusedError({ kind: "unknown-key", reason: `There is no key '${name}'` });
      }
      if (left.length + this.#fixed.length === 0 && this.#mustStay) {
        throw conflict(
          `The key '${name}' is the last one, and other machines reach the API: make another one first`,
        );
      }
      await this.#keep(left);
    });
  }

  /** On the disk first: a key that works would otherwise be forgotten, or a removed one come back. */
  async #keep(made: readonly ApiKey[]): Promise<void> {
    try {
      await this.#save(made);
    } catch (error) {
      throw conflict(`Could not keep the keys on the disk: ${systemWords(error)}`);
    }
    this.#made = made;
    this.ring.replace([...this.#fixed, ...made]);
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#last.then(change);
    this.#last = result.catch(() => {});
    return result;
  }
}

/** One word for a shell, a file and a header; nobody guesses 192 random bits. */
function newKey(): string {
  return `sk-mesh-${randomBytes(24).toString("base64url")}`;
}

function conflict(reason: string): RefusedError {
  return new RefusedError({ kind: "conflict", reason });
}
