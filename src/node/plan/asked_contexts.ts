/** Models that are served with a larger context than this node would choose, because a request counts on it. Pure. */

import type { ModelRef } from "../../mesh/mod.ts";
import { leastBytes, type LocalModel } from "../../models/mod.ts";
import { gigabytes } from "./fit_words.ts";
import type { ModelSettings, SettingsOf } from "./model_settings.ts";
import { modelKey } from "./view.ts";

/** They hold for as long as the model is served here. */
export class AskedContexts {
  /** By `modelKey`. */
  readonly #tokens = new Map<string, number>();

  /** The settings with them: a user's own setting stays. */
  over(settingsOf: SettingsOf): SettingsOf {
    return (model) => {
      const settings = settingsOf(model);
      const { name, fingerprint } = model;
      if (settings.contextLength !== null || !fingerprint) return settings;
      const contextLength = this.#tokens.get(modelKey({ name, fingerprint })) ?? null;
      return { ...settings, contextLength };
    };
  }

  of(model: ModelRef): number | undefined {
    return this.#tokens.get(modelKey(model));
  }

  /** The largest that was asked for stays: else two callers would have it loaded anew by turns. */
  ask(model: ModelRef, tokens: number): void {
    this.#tokens.set(modelKey(model), Math.max(tokens, this.of(model) ?? 0));
  }

  /** Forgets those of all other models. True where there were some. */
  keepOnly(models: readonly ModelRef[]): boolean {
    const kept = new Set(models.map(modelKey));
    const gone = [...this.#tokens.keys()].filter((key) => !kept.has(key));
    for (const key of gone) this.#tokens.delete(key);
    return gone.length > 0;
  }
}

export interface ContextInput {
  /** The request counts on so many. */
  readonly tokens: number;
  readonly model: LocalModel;
  /** As the user has set them. */
  readonly settings: ModelSettings;
  /** As it is served now. */
  readonly instance: { readonly contextLength: number; readonly mode: "solo" | "split" };
  /** The memory that nothing else has. */
  readonly roomBytes: number;
  readonly loadsOnRequest: boolean;
}

/** Why the model is not loaded anew with so large a context, as the end of a sentence; `null` where it may be. */
export function whyNoLarger(input: ContextInput): string | null {
  const { tokens, model, settings, instance, roomBytes, loadsOnRequest } = input;
  const trained = model.header?.contextLength ?? 0;
  if (trained > 0 && tokens > trained) return `it was trained for ${trained}`;
  if (settings.contextLength !== null) {
    return `its user has set ctx=${settings.contextLength}: ask for as many, or set ctx=${tokens}`;
  }
  if (!loadsOnRequest) {
    return `requests load nothing on its machine, and ctx=${tokens} in its settings would`;
  }
  if (instance.mode === "split") {
    return `several machines serve it together, so that ctx=${tokens} in its settings would be needed`;
  }
  const needBytes = leastBytes(model, { ...settings, contextLength: tokens });
  if (needBytes <= roomBytes) return null;
  return `that would take ${gigabytes(needBytes)} of memory, and ${
    gigabytes(roomBytes)
  } are free for it`;
}
