/** The settings of single models, as the management API shows and changes them. */

import type { WrittenSettings } from "../../../base/settings_fields.ts";

export type { WrittenSettings } from "../../../base/settings_fields.ts";

/** `GET /api/models/:name/settings`. */
export interface SettingsView {
  /** The model's id. */
  model: string;
  /** Of the last change to it; 0 where nothing was changed. */
  revision: number;
  /** All that hold on this node. */
  settings: WrittenSettings;
  /** Those that were changed while a node of this data directory ran. */
  changed: Partial<WrittenSettings>;
  /** Those that would hold without the changed ones: config.toml's, over the node's own. */
  configured: WrittenSettings;
  /** Why something that was changed does not hold, for people. */
  problem: string | null;
  /** Of the answer to a change: names of the machines on which the model is loaded anew for it, the host first. */
  reloads: string[];
  /** Of the answer to a change: names of other machines that serve the model, with settings of their own. */
  elsewhere: string[];
}

export interface SettingsChange {
  /** As people write them; `null` goes back to what is configured. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The change holds only while this is the revision. @default whatever it is */
  readonly revision?: number | undefined;
}

/** The change asks for none of a model's settings; the message says why. */
export class SettingsRefusedError extends Error {
  override name = "SettingsRefusedError";

  constructor(readonly key: string, message: string) {
    super(message);
  }
}

/** Somebody else has changed them meanwhile. */
export class SettingsChangedError extends Error {
  override name = "SettingsChangedError";

  constructor(readonly present: SettingsView) {
    super(
      `The settings of ${present.model} have been changed meanwhile: ` +
        `revision ${present.revision} is the present one`,
    );
  }
}

/** By name or id. */
export type ChangedSettings = Readonly<Record<string, Partial<WrittenSettings>>>;

/** The actions on settings that the management routes need. */
export interface SettingsActions {
  /** All that was changed, of all models. */
  changed(): ChangedSettings;
  /** @param asked a known name or id @throws {ModelRefusedError} */
  read(asked: string): SettingsView;
  /**
   * Changes some settings, all or none; a model that is served with others is loaded anew once its answers have ended.
   * @throws {ModelRefusedError | SettingsRefusedError | SettingsChangedError}
   */
  change(asked: string, change: SettingsChange): Promise<SettingsView>;
  /** Goes back to what is configured. @throws {ModelRefusedError | SettingsChangedError} */
  reset(asked: string, revision?: number): Promise<SettingsView>;
}
