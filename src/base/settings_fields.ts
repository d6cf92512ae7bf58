/** The settings of a model as people write them, in `config.toml` and through the management API. Pure. */

import * as z from "zod";
import { isAlias } from "./model_aliases.ts";
import { durationMs, durationText } from "./duration.ts";
import { type Door, judgeArguments } from "./model_arguments.ts";
import { type ModelOverrides, SLOTS_MAX } from "./model_settings.ts";

/** More GPUs than a machine has. */
const MAX_SETTING_DEVICES = 64;

/** They are announced to every machine of the mesh. */
const MAX_ALIASES = 16;

/** llama.cpp keeps the context length in 32 bits. */
const tokens = z.int().min(1).max(2 ** 31 - 1);
const deviceName = z.string().regex(/^[^\s,]{1,64}$/).refine((name) => name !== "none");
interface Field<Key extends keyof ModelOverrides> {
  readonly key: Key;
  /** Completes a sentence with "must be". */
  readonly rule: string;
  readonly schema: z.ZodType<Required<ModelOverrides>[Key]>;
}

function field<Key extends keyof ModelOverrides>(
  key: Key,
  rule: string,
  schema: z.ZodType<Required<ModelOverrides>[Key]>,
): Field<Key> {
  return { key, rule, schema };
}

const auto = z.literal("auto").transform(() => null);
const none = z.literal("none");

const FIELDS = {
  ctx: field(
    "contextLength",
    'a whole number of tokens from 1, or "auto"',
    z.union([tokens, auto]),
  ),
  parallel: field(
    "slots",
    `a whole number of requests from 1 to ${SLOTS_MAX}, or "auto"`,
    z.union([z.int().min(1).max(SLOTS_MAX), auto]),
  ),
  aliases: field(
    "aliases",
    `a list of at most ${MAX_ALIASES} names of models, without @`,
    z.array(z.string().refine(isAlias)).max(MAX_ALIASES).transform((names) => [...new Set(names)]),
  ),
  draft: field(
    "draft",
    'the name or path of a small model, "auto", or false for none',
    z.union([auto, z.literal(false), z.string().trim().min(1).max(4_096)]),
  ),
  "idle_unload": field(
    "idleUnloadMs",
    'a number and a unit, such as "15m" or "2h", or "never"',
    z.union([
      z.literal("never").transform(() => null),
      z.string().transform(durationMs).refine((ms) => ms !== undefined),
    ]),
  ),
  pin: field("pin", "true or false", z.boolean()),
  device: field(
    "device",
    'a list of names as engine show has them, "none" for the CPU alone, or "auto"',
    z.union([
      auto,
      none.transform(() => []),
      z.array(deviceName).min(1).max(MAX_SETTING_DEVICES),
    ]),
  ),
  args: field("args", "a list of texts", z.array(z.string())),
};

export const SETTING_NAMES: readonly string[] = Object.keys(FIELDS);

/** As `config.toml` would have it in one word. */
export function modelSettingName(model: string, key: string): string {
  return `model.${JSON.stringify(model)}.${key}`;
}

export type ReadSettings =
  | { readonly kind: "settings"; readonly settings: ModelOverrides }
  | { readonly kind: "unknown"; readonly key: string }
  /** `reason` completes a sentence that begins with the key. */
  | { readonly kind: "wrong"; readonly key: string; readonly reason: string };

/** @param door who wrote them. */
export function readSettings(given: Readonly<Record<string, unknown>>, door: Door): ReadSettings {
  let settings: ModelOverrides = {};
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(FIELDS, name)) return { kind: "unknown", key: name };
    const { key, rule, schema } = FIELDS[name as keyof typeof FIELDS];
    const read = schema.safeParse(value);
    if (!read.success) {
      const found = JSON.stringify(value)?.slice(0, 200);
      return { kind: "wrong", key: name, reason: `must be ${rule}: ${found} was given` };
    }
    settings = { ...settings, [key]: read.data };
  }
  if (settings.args === undefined) return { kind: "settings", settings };
  const judged = judgeArguments(settings.args, door);
  if (judged.kind === "refused") return { kind: "wrong", key: "args", reason: judged.reason };
  return { kind: "settings", settings: { ...settings, args: judged.args } };
}

/** Settings as people write them. */
export interface WrittenSettings {
  ctx: number | "auto";
  parallel: number | "auto";
  aliases: readonly string[];
  draft: string | false;
  "idle_unload": string;
  pin: boolean;
  device: readonly string[] | "auto" | "none";
  args: readonly string[];
}

/** The same again as people write it, without what is not said. */
export function writtenSettings(settings: ModelOverrides): Partial<WrittenSettings> {
  const { contextLength, slots, draft, idleUnloadMs, device } = settings;
  const written = {
    ctx: contextLength === null ? "auto" : contextLength,
    parallel: slots === null ? "auto" : slots,
    aliases: settings.aliases,
    draft: draft === null ? "auto" : draft,
    "idle_unload": idleUnloadMs === null ? "never" : idleUnloadMs && durationText(idleUnloadMs),
    pin: settings.pin,
    device: device === null ? "auto" : device?.length === 0 ? "none" : device,
    args: settings.args,
  };
  return Object.fromEntries(Object.entries(written).filter(([, value]) => value !== undefined));
}
