/** The settings of one model as text fields, and what was typed as a change. Pure. */

import { displayName, listNames } from "./format.ts";
import type { SettingsView, WrittenSettings } from "../../../src/api/base/types.ts";

export type SettingKey = keyof WrittenSettings;
export type Form = Readonly<Record<Exclude<SettingKey, "pin">, string> & { pin: boolean }>;
/** Typed, and not saved. */
export type Edits = Partial<Form>;

/** All texts are as one types them. */
export function formOf(settings: WrittenSettings): Form {
  const { ctx, parallel, aliases, draft, idle_unload, pin, device, args } = settings;
  return {
    ctx: String(ctx),
    parallel: String(parallel),
    aliases: aliases.join(", "),
    draft: draft === false ? NO_DRAFT : draft,
    idle_unload,
    pin,
    device: typeof device === "string" ? device : device.join(", "),
    args: argsText(args),
  };
}

const NO_DRAFT = "none";

/** Only what was typed is sent: another field may hold what only `config.toml` may say. An empty one goes back to that. */
export function changeOf(edits: Edits): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(edits).map(([key, value]) => [
      key,
      typeof value === "string" ? valueOf(key as SettingKey, value) : value,
    ]),
  );
}

/** The edits that differ from the settings. */
export function withoutSame(edits: Edits, settings: WrittenSettings): Edits {
  const form = formOf(settings);
  return Object.fromEntries(
    Object.entries(edits).filter(([key, value]) => form[key as SettingKey] !== value),
  );
}

/** The node judges what is no number, and says it better. */
function valueOf(key: SettingKey, typed: string): unknown {
  const text = typed.trim();
  if (text === "") return null;
  switch (key) {
    case "ctx":
    case "parallel":
      return /^\d+$/.test(text) ? Number(text) : text;
    case "aliases":
      return namesIn(text);
    case "draft":
      return text === NO_DRAFT ? false : text;
    case "device":
      return text === "auto" || text === "none" ? text : namesIn(text);
    case "args":
      return argsIn(text);
    default:
      return text;
  }
}

function namesIn(text: string): string[] {
  return text.split(",").map((name) => name.trim()).filter((name) => name !== "");
}

/** One argument in each line, with its value behind it. */
export function argsText(args: readonly string[]): string {
  const lines: string[] = [];
  for (const word of args) {
    const last = lines.length - 1;
    if (BEGINS_LIKE_A_NAME.test(word) || last < 0 || lines[last]!.includes(" ")) lines.push(word);
    else lines[last] += ` ${isPlain(word) ? word : JSON.stringify(word)}`;
  }
  return lines.join("\n");
}

/** Values such as -1 are none. */
const BEGINS_LIKE_A_NAME = /^--?[a-z]/i;

export function argsIn(text: string): string[] {
  return text.split("\n").map((line) => line.trim()).filter((line) => line !== "").flatMap(
    (line) => {
      const [, name = line, value] = /^(\S+)\s+(.*)$/s.exec(line) ?? [];
      return value === undefined ? [name] : [name, unquoted(value)];
    },
  );
}

/** It is the same again once it was written in a line and read. */
function isPlain(word: string): boolean {
  return word !== "" && word === word.trim() && !/[\n\r"]/.test(word);
}

function unquoted(value: string): string {
  if (!value.startsWith('"')) return value;
  try {
    const read: unknown = JSON.parse(value);
    return typeof read === "string" ? read : value;
  } catch {
    return value;
  }
}

/** The node's answer to a change, in one or two sentences. */
export function savedText({ reloads, elsewhere }: SettingsView): string {
  const anew = reloads.length === 0
    ? ""
    : ` The model is loaded anew on ${
      listNames(reloads.map(displayName))
    } once its answers have ended.`;
  const one = elsewhere.length === 1;
  const others = elsewhere.length === 0
    ? ""
    : ` ${listNames(elsewhere.map(displayName))} ${one ? "serves" : "serve"} it with settings of ${
      one ? "its" : "their"
    } own.`;
  return `Saved.${anew}${others}`;
}
