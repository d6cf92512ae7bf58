/** Models that are served with a larger context than this node would choose, because a request counts on it. Pure. */

import type { Instance, ModelRef } from "../../mesh/mod.ts";
import { leastBytes, type LocalModel, type MemoryPools } from "../../models/mod.ts";
import { gigabytes } from "./fit_words.ts";
import { freeFor } from "./ledger.ts";
import type { ModelSettings, SettingsOf } from "./model_settings.ts";
import { isOff } from "./on_request.ts";
import { everyone, type Member, modelKey, type View } from "./view.ts";

/** A context that was asked for. */
interface Asked {
  readonly tokens: number;
  readonly hasWorked: boolean;
}

/** The model could not be loaded with so much. */
export interface FailedContext {
  readonly tokens: number;
  readonly reason: string;
}

/** They hold for as long as the model is served here. */
export class AskedContexts {
  /** By `modelKey`. */
  readonly #asked = new Map<string, Asked>();
  /** By `modelKey`. */
  readonly #failed = new Map<string, FailedContext>();

  /** The settings with them: a user's own setting stays. */
  over(settingsOf: SettingsOf): SettingsOf {
    return (model) => {
      const settings = settingsOf(model);
      const { name, fingerprint } = model;
      if (settings.contextLength !== null || !fingerprint) return settings;
      return { ...settings, contextLength: this.of({ name, fingerprint }) ?? null };
    };
  }

  of(model: ModelRef): number | undefined {
    return this.#asked.get(modelKey(model))?.tokens;
  }

  /** The largest that was asked for stays: else two callers would have it loaded anew by turns. */
  ask(model: ModelRef, tokens: number): void {
    if (tokens <= (this.of(model) ?? 0)) return;
    this.#asked.set(modelKey(model), { tokens, hasWorked: false });
  }

  /** The model answers with it. */
  worked(model: ModelRef): void {
    const asked = this.#asked.get(modelKey(model));
    if (asked !== undefined) this.#asked.set(modelKey(model), { ...asked, hasWorked: true });
  }

  /**
   * The model goes on without it.
   * @param reason why it could not be loaded so; where it can be once more, `null`
   */
  drop(model: ModelRef, reason: string | null): void {
    const key = modelKey(model);
    const asked = this.#asked.get(key);
    if (asked === undefined) return;
    this.#asked.delete(key);
    if (reason !== null && !asked.hasWorked) {
      this.#failed.set(key, { tokens: asked.tokens, reason });
    }
  }

  failureOf(model: ModelRef): FailedContext | null {
    return this.#failed.get(modelKey(model)) ?? null;
  }

  /** Forgets those of all other models. True where there were some. */
  keepOnly(models: readonly ModelRef[]): boolean {
    const kept = new Set(models.map(modelKey));
    const goneFrom = (all: Map<string, unknown>) => {
      const gone = [...all.keys()].filter((key) => !kept.has(key));
      for (const key of gone) all.delete(key);
      return gone.length > 0;
    };
    goneFrom(this.#failed);
    return goneFrom(this.#asked);
  }
}

export interface ContextInput {
  /** The request counts on so many. */
  readonly tokens: number;
  readonly model: LocalModel;
  /** As the user has set them. */
  readonly settings: ModelSettings;
  /** As {@linkcode roomFor} has it. */
  readonly roomBytes: number;
  readonly failed: FailedContext | null;
  readonly loadsOnRequest: boolean;
}

/** Why the model is not loaded anew with so large a context, as the end of a sentence; `null` where it may be. */
export function whyNoLarger(input: ContextInput): string | null {
  const { tokens, model, settings, roomBytes, failed, loadsOnRequest } = input;
  const trained = model.header?.contextLength ?? 0;
  if (trained > 0 && tokens > trained) return `it was trained for ${trained}`;
  if (settings.contextLength !== null) {
    return `its user has set ctx=${settings.contextLength}: ask for as many, or set ctx=${tokens}`;
  }
  if (!loadsOnRequest) {
    return `requests load nothing on a machine that serves it, and ctx=${tokens} in its settings would`;
  }
  if (failed !== null && tokens >= failed.tokens) {
    return `it was loaded with ${failed.tokens}, and failed (${failed.reason})`;
  }
  const needBytes = leastBytes(model, { ...settings, contextLength: tokens });
  if (needBytes <= roomBytes) return null;
  return `that would take ${gigabytes(needBytes)} of memory, and ${
    gigabytes(roomBytes)
  } are free for it`;
}

/**
 * The most that an instance of this node may need to go on where it is, if everything else keeps its memory: its machines
 * stay the same, and so do their shares. A split over GPUs stays on them.
 */
export function roomFor(
  { model, mode, hostShare, workers, needBytes }: Instance,
  view: View,
): number {
  const members = everyone(view);
  const free = freeFor(model, members);
  const own = { peer: view.self.peer, share: mode === "solo" ? 1 : hostShare };
  const parts = [own, ...workers].filter(({ share }) => share > 0).map(({ peer, share }) => {
    const member = members.find((one) => one.peer === peer);
    return { share, pools: member === undefined ? NO_MEMORY : free.pools(member) };
  });
  const isOnGpus = mode === "split" &&
    parts.every(({ share, pools }) => pools.gpuBytes >= Math.floor(needBytes * share));
  return Math.min(
    ...parts.map(({ share, pools: { gpuBytes, memoryBytes } }) =>
      (isOnGpus ? gpuBytes : memoryBytes) / share
    ),
  );
}

/** No owner of its machines has said that requests load nothing there. */
export function isForRequests({ workers }: Instance, { self, others }: View): boolean {
  const takesPart = ({ peer }: Member) => workers.some((worker) => worker.peer === peer);
  return ![self, ...others.filter(takesPart)].some(isOff);
}

const NO_MEMORY: MemoryPools = { gpuBytes: 0, memoryBytes: 0 };
