import { UsageError } from "../../base/usage_error.ts";
import { absolute, dataOf } from "../cli_context.ts";
import type { Actions } from "../program/actions.ts";
import { hubOf } from "../serve_config.ts";
import { settingsIn } from "../setting_words.ts";
import type { Asking } from "./asking.ts";

/** Other programs of this kind start by the word. */
const NO_MODEL_TO_SERVE = "serve needs the name of a model for the node that runs. " +
  "A node is started by mesh-llm console, or by mesh-llm --model NAME";

const RESET_ALONE = "--reset takes back all that was changed: leave it out, or the changes";

/** Models on disks, and what the node does with them. */
export function modelRequests({ around, ask }: Asking): Pick<
  Actions,
  "models" | "plan" | "download" | "remove" | "serveModel" | "drop" | "settings"
> {
  /** With `--models-dir`. */
  const placesOf = ({ modelsDir, ...options }: Parameters<Actions["models"]>[0]) => ({
    modelsDir: absolute(modelsDir, around),
    ...dataOf(options, around),
  });
  return {
    models: ({ all = false, ...options }) => ask({ kind: "models", all, ...placesOf(options) }),
    plan: (model, options) => ask({ kind: "plan", model, ...placesOf(options) }),
    download: (model, options) =>
      ask({ kind: "download", model, hub: hubOf(around), ...placesOf(options) }),
    remove: (model, { yes = false, ...options }) =>
      ask({ kind: "rm", model, yes, ...placesOf(options) }),
    serveModel: (model, options) => {
      if (model === undefined) throw new UsageError(NO_MODEL_TO_SERVE);
      ask({ kind: "serve-model", model, ...dataOf(options, around) });
    },
    drop: (model, { undo = false, ...options }) =>
      ask({ kind: "drop", model, undo, ...dataOf(options, around) }),
    settings: (model, words, { reset = false, ...options }) => {
      if (reset && words.length > 0) throw new UsageError(RESET_ALONE);
      const changes = settingsIn(words);
      ask({ kind: "settings", model, changes, reset, ...dataOf(options, around) });
    },
  };
}
