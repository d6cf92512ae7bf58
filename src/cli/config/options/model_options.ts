import { durationText } from "../../../base/duration.ts";
import { absolute } from "../cli_context.ts";
import {
  type OrAuto,
  parseContextLength,
  parseDeviceNames,
  parseDuration,
  parseGigabytes,
  parseGigabytesOrNone,
  parseNotEmpty,
  parseProportions,
  parseSlots,
} from "../values.ts";
import { option } from "./node_option.ts";

/** Models and memory. */
export const MODEL_OPTIONS = {
  model: option<readonly string[]>({
    flags: "--model <name|path>",
    completes: { models: "disk", files: "models" },
    help: "model to serve; may be given several times",
    read: parseNotEmpty,
    repeats: true,
    sets: (models) => ({ serving: { models } }),
    shows: ({ serving }) => serving.models,
  }),
  split: option<true>({
    flags: "--split",
    help: "split each model over several machines even if one could hold it",
    sets: (split) => ({ serving: { split } }),
    shows: ({ serving }) => serving.split,
  }),
  tensorSplit: option<readonly number[]>({
    flags: "--tensor-split <r,r>",
    help: "shares of a split, host first, then the nearest",
    read: parseProportions,
    sets: (tensorSplit) => ({ serving: { tensorSplit } }),
    shows: ({ serving }) => serving.tensorSplit,
  }),
  maxVram: option<number>({
    flags: "--max-vram <gb>",
    help: "memory of GPUs to offer, in GB (10^9)",
    read: parseGigabytes,
    sets: (maxVramBytes) => ({ engine: { maxVramBytes } }),
    shows: ({ engine }) => gigabytes(engine.maxVramBytes),
  }),
  maxRam: option<number>({
    flags: "--max-ram <gb>",
    help: "main memory to offer, in GB (default: 75 % of it, less what is in use)",
    read: parseGigabytesOrNone,
    sets: (maxRamBytes) => ({ engine: { maxRamBytes } }),
    shows: ({ engine }) => gigabytes(engine.maxRamBytes),
  }),
  device: option<readonly string[]>({
    flags: "--device <a,b>",
    help: "devices to use, as engine show lists them, or none for the CPU alone",
    read: parseDeviceNames,
    sets: (devices) => ({ engine: { devices } }),
    shows: ({ engine: { devices } }) => devices?.length === 0 ? "none" : devices,
  }),
  ctx: option<OrAuto>({
    flags: "--ctx <n|auto>",
    help: "tokens that each request may have (default: auto)",
    read: parseContextLength,
    sets: (tokens) => ({ serving: { contextLength: numberOf(tokens) } }),
    shows: ({ serving }) => serving.contextLength ?? "auto",
  }),
  parallel: option<OrAuto>({
    flags: "--parallel <n|auto>",
    help: "requests that a model answers at one time (default: auto)",
    read: parseSlots,
    sets: (count) => ({ serving: { slots: numberOf(count) } }),
    shows: ({ serving }) => serving.slots ?? "auto",
  }),
  draft: option<string | false>({
    flags: "--draft <path>",
    completes: { models: "disk", files: "models" },
    help: "small model that drafts tokens (default: one on disk of the same vocabulary)",
    read: parseNotEmpty,
    opposite: { flags: "--no-draft", help: "draft no tokens" },
    // A path as everywhere, or the name of a model on disk.
    sets: (draft, around) => {
      const isPath = draft !== false && draft.endsWith(".gguf");
      return { serving: { draft: isPath ? absolute(draft, around) : draft } };
    },
    shows: ({ serving }) => serving.draft,
  }),
  idleUnload: option<number>({
    flags: "--idle-unload <time>",
    help: "free the memory of a model that nobody asked for in this time, such as 15m",
    read: parseDuration,
    sets: (idleUnloadMs) => ({ serving: { idleUnloadMs } }),
    shows: ({ serving: { idleUnloadMs } }) =>
      idleUnloadMs === null ? null : durationText(idleUnloadMs),
  }),
  loadOnRequest: option<boolean>({
    flags: "--no-load-on-request",
    help: "load no model here because a request asks for it",
    sets: (loadOnRequest) => ({ serving: { loadOnRequest } }),
    shows: ({ serving }) => !serving.loadOnRequest,
  }),
};

function numberOf(value: OrAuto): number | null {
  return value === "auto" ? null : value;
}

function gigabytes(bytes: number | null): number | null {
  return bytes === null ? null : bytes / 1e9;
}
