import { absolute } from "../cli_context.ts";
import { parseNotEmpty } from "../values.ts";
import { option } from "./node_option.ts";

export const FOLDER_OPTIONS = {
  binDir: option<string>({
    flags: "--bin-dir <dir>",
    completes: { folders: true },
    help: "use llama.cpp from this folder only",
    read: parseNotEmpty,
    sets: (path, around) => ({ engine: { binDir: absolute(path, around) } }),
    shows: ({ engine }) => engine.binDir,
  }),
  modelsDir: option<string>({
    flags: "--models-dir <dir>",
    completes: { folders: true },
    help: "look for models here",
    read: parseNotEmpty,
    sets: (path, around) => ({ models: { modelsDir: absolute(path, around) } }),
    shows: ({ models }) => models.modelsDir,
  }),
};

export const OUTPUT_OPTIONS = {
  logFormat: option<"pretty" | "json">({
    flags: "--log-format <format>",
    help: "format of standard output (default: pretty)",
    choices: ["pretty", "json"],
    sets: (logFormat) => ({ logFormat }),
    shows: ({ logFormat }) => logFormat,
  }),
  weeklyLook: option<true>({
    flags: "--weekly-look",
    help: "look once a week for a newer mesh-llm",
    sets: (weeklyLook) => ({ weeklyLook }),
    shows: ({ weeklyLook }) => weeklyLook,
  }),
};
