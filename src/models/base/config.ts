/** The settings of the models on this machine. They travel whole to their user, and load nothing. */

import type { ProxySettings } from "../../base/proxy_choice.ts";

/** The source of models. */
export interface HubConfig {
  /** `HF_ENDPOINT`, or Hugging Face's own. */
  readonly endpoint: string;
  /** `HF_TOKEN`; sent to the endpoint's host only. */
  readonly token: string | null;
  /** The way there and to all that it redirects to, where the user has named proxies. */
  readonly proxies?: ProxySettings;
}

export interface ModelsConfig {
  /**
   * The folder in which models are looked for and to which they are downloaded; absolute. `null` takes the data
   * directory's own folder.
   */
  readonly modelsDir: string | null;
  readonly hub: HubConfig;
}

export const MODELS_DEFAULTS: ModelsConfig = {
  modelsDir: null,
  hub: { endpoint: "https://huggingface.co", token: null },
};
