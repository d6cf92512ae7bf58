/** The fields of Ollama's requests. As there, `null` is a field that is missing, and unknown fields are passed over. */

import * as z from "zod";
import type { KeepAlive } from "../../base/keep_alive.ts";
import { parseDurationMs } from "./duration.ts";

/** Counts travel to llama.cpp in 32 bits. */
const MAX_COUNT = 2 ** 31 - 1;

function maybe<T extends z.ZodType>(type: T) {
  return z.preprocess((value) => value ?? undefined, type.optional());
}

const number = z.number();
/** Ollama cuts what stands behind the point. */
const integer = z.number().min(-MAX_COUNT).max(MAX_COUNT).transform(Math.trunc);
const flag = z.boolean();
const text = z.string();

const keepAlive = z.union([z.number(), z.string()], "must be seconds or a duration like 5m")
  .transform((value, context) => {
    const ms = parseDurationMs(value);
    if (ms === null) context.addIssue("must be seconds or a duration like 5m");
    return keepAliveOf(ms ?? 0);
  });

function keepAliveOf(ms: number): KeepAlive {
  return ms < 0 ? null : ms;
}

const format = z.union(
  [z.literal(""), z.literal("json"), z.record(z.string(), z.unknown())],
  'must be "json" or a JSON schema',
);

const think = z.union(
  [z.boolean(), z.enum(["low", "medium", "high"])],
  "must be true, false, low, medium or high",
);

/** The caller's bytes, in base64. */
const images = z.array(z.string());

/** Those that only say how a model is loaded are checked and otherwise left to the mesh. */
const options = z.object({
  temperature: maybe(number),
  top_k: maybe(integer),
  top_p: maybe(number),
  min_p: maybe(number),
  typical_p: maybe(number),
  seed: maybe(z.number()),
  stop: maybe(z.union([z.string(), z.array(z.string())], "must be a list of strings")),
  num_predict: maybe(integer),
  num_keep: maybe(integer),
  num_ctx: maybe(integer),
  repeat_penalty: maybe(number),
  repeat_last_n: maybe(integer),
  presence_penalty: maybe(number),
  frequency_penalty: maybe(number),
  mirostat: maybe(integer),
  mirostat_tau: maybe(number),
  mirostat_eta: maybe(number),
  penalize_newline: maybe(flag),
  tfs_z: maybe(number),
  numa: maybe(flag),
  num_batch: maybe(integer),
  num_gpu: maybe(integer),
  main_gpu: maybe(integer),
  low_vram: maybe(flag),
  vocab_only: maybe(flag),
  use_mmap: maybe(flag),
  use_mlock: maybe(flag),
  num_thread: maybe(integer),
});

/** The fields that all requests to a model have. */
const asking = {
  model: maybe(text),
  options: maybe(options),
  keep_alive: maybe(keepAlive),
};

const writing = {
  ...asking,
  stream: maybe(flag),
  format: maybe(format),
  think: maybe(think),
  logprobs: maybe(flag),
};

const toolCall = z.object({
  id: maybe(text),
  function: z.object({
    name: text,
    arguments: maybe(z.record(z.string(), z.unknown())),
  }),
});

const message = z.object({
  role: z.enum(["system", "user", "assistant", "tool"]),
  content: maybe(text),
  thinking: maybe(text),
  images: maybe(images),
  tool_calls: maybe(z.array(toolCall)),
  /** The tool that an answer is from: earlier clients call it `name`. */
  tool_name: maybe(text),
  name: maybe(text),
  tool_call_id: maybe(text),
});

const tool = z.looseObject({
  type: maybe(text),
  function: z.looseObject({ name: text }),
});

export const chatSchema = z.object({
  ...writing,
  messages: maybe(z.array(message)),
  tools: maybe(z.array(tool)),
});

export const generateSchema = z.object({
  ...writing,
  prompt: maybe(text),
  suffix: maybe(text),
  system: maybe(text),
  template: maybe(text),
  context: maybe(z.array(z.number())),
  raw: maybe(flag),
  images: maybe(images),
});

export const embedSchema = z.object({
  ...asking,
  input: maybe(z.union([z.string(), z.array(z.string())], "must be a text or a list of texts")),
  truncate: maybe(flag),
  dimensions: maybe(integer),
});

export const embeddingsSchema = z.object({ ...asking, prompt: maybe(text) });

/** The name of a model, which earlier clients call `name`. */
const naming = { model: maybe(text), name: maybe(text) };

export const showSchema = z.object({ ...naming, verbose: maybe(flag) });

export const pullSchema = z.object({ ...naming, insecure: maybe(flag), stream: maybe(flag) });

export const deleteSchema = z.object(naming);

export type ChatFields = z.output<typeof chatSchema>;
export type GenerateFields = z.output<typeof generateSchema>;
export type EmbedFields = z.output<typeof embedSchema>;
export type Message = z.output<typeof message>;
export type Options = z.output<typeof options>;
