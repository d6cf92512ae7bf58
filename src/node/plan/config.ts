/** The settings for the models that a node serves. They travel whole to their user, and load nothing. */

import type { OverridesByModel } from "../../base/model_settings.ts";

export interface ServingConfig {
  /** Names or paths: as many as there is memory for are served here, in this order; the rest is wanted of the mesh. */
  readonly models: readonly string[];
  /** Each model is shared among several machines even where one could hold it. */
  readonly split: boolean;
  /** Host first, then workers. */
  readonly tensorSplit: readonly number[] | null;
  /** Tokens for each request; `null` leaves the choice to this node. */
  readonly contextLength: number | null;
  /** Requests that a model answers at one time; `null` leaves the choice to this node. */
  readonly slots: number | null;
  /** A file that guesses tokens, `false` for none, `null` for what is on the disk. */
  readonly draft: string | false | null;
  /** A model that nobody asked for in this time gives its memory back. */
  readonly idleUnloadMs: number | null;
  /** A request makes this machine load a model. */
  readonly loadOnRequest: boolean;
  /** Settings of single models in the file, each by its name or id. */
  readonly perModel: OverridesByModel;
  /** The machine may fall asleep by itself also while it serves others. */
  readonly allowSleep: boolean;
}

export const SERVING_DEFAULTS: ServingConfig = {
  models: [],
  split: false,
  tensorSplit: null,
  contextLength: null,
  slots: null,
  draft: null,
  idleUnloadMs: null,
  loadOnRequest: true,
  perModel: {},
  allowSleep: false,
};
