/** `config.toml`: values for the options that neither a flag nor the environment sets. Pure. */

import type { Command, Option } from "commander";
import { parse as parseToml, TomlError } from "smol-toml";
import { openMode } from "../../base/own_files.ts";
import { ConfigFileError } from "./config_file_error.ts";
import { isTable, readModelTables } from "./model_tables.ts";
import { nodeOption } from "./serve_options.ts";
import { UsageError } from "../base/usage_error.ts";

/** The source of an option's value, in commander's words. */
export const FROM_FILE = "config";

/** The attribute of what the file says of single models: no flag does. */
export const PER_MODEL = "perModel";

/** The file lies in the data directory, and leaving a mesh is said once. */
const FLAGS_ONLY: ReadonlySet<string> = new Set([
  "--data-dir",
  "--leave",
  "--yes",
  "--help",
  "--version",
]);

/** Settings whose values let others in, unless they only say where such a value is to be found. */
const SECRETS = ["api-key", "join"];
const PLACE = /^(-$|@)/;

export interface ConfigFile {
  readonly path: string;
  readonly text: string;
  /** `null` where the system knows none. */
  readonly mode: number | null;
}

export interface ApplyOptions {
  /** All options that the file may set; the command may lack some of them. */
  readonly known: readonly Option[];
  /** Whether a flag or the environment sets this attribute. */
  readonly isTaken: (attribute: string) => boolean;
  /** The folder for `~/`, since no shell reads the file. */
  readonly home: string | undefined;
}

/**
 * Sets the options that the file has and no other source gives. Names and rules are those of the flags: `max-vram = 8`.
 * An option that a flag excludes (`--client` a model) is ignored: the file is for all starts of this node.
 * @throws {ConfigFileError} with the path, the key and the rule.
 */
export function applyConfigFile(
  command: Command,
  { path, text }: ConfigFile,
  { known, isTaken, home }: ApplyOptions,
): void {
  for (const [key, value] of Object.entries(readTable(path, text))) {
    if (key === "model" && isTable(value)) {
      const tables = readModelTables(path, atHome(value, home) as typeof value);
      command.setOptionValueWithSource(PER_MODEL, tables, FROM_FILE);
      continue;
    }
    const option = known.find(({ long }) => long === `--${key}`);
    if (option === undefined) throw new ConfigFileError(unknownKey(path, key, known));
    const attribute = option.attributeName();
    const isLacking = !command.options.some(({ long }) => long === option.long);
    if (isLacking || isTaken(attribute) || isExcluded(command, option)) continue;
    const read = readValue(option, atHome(value, home), `${path}: ${key}`);
    if (read !== undefined) command.setOptionValueWithSource(attribute, read, FROM_FILE);
  }
}

/** The fault of the file's mode, if the file holds a secret: one sentence, or nothing. */
export function exposedSecrets({ path, text, mode }: ConfigFile): readonly string[] {
  const settings = readTable(path, text);
  const secrets = SECRETS.filter((name) =>
    Object.hasOwn(settings, name) && !PLACE.test(String(settings[name]))
  );
  const open = openMode(mode);
  if (secrets.length === 0 || open === null) return [];
  return [
    `Others may read ${secrets.join(" and ")} in ${path} (mode ${open}): run chmod 600 ${path}`,
  ];
}

/** Options that the file may set. */
export function configurable(command: Command): readonly Option[] {
  return command.options.filter(({ long }) => long !== undefined && !FLAGS_ONLY.has(long));
}

function readTable(path: string, text: string): Record<string, unknown> {
  try {
    return parseToml(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [reason = ""] = error.message.split("\n");
    throw new ConfigFileError(`${path}, line ${error.line}: ${reason}${twoModels(text)}`, {
      cause: error,
    });
  }
}

/** One key can't be a list and a table. */
function twoModels(text: string): string {
  return /^\s*model\s*=/m.test(text) && /^\s*\[\s*model\s*\./m.test(text)
    ? `. A file with [model."NAME"] names the models to serve by pin = true there, not by model =`
    : "";
}

function unknownKey(path: string, key: string, known: readonly Option[]): string {
  const names = known.map(({ long }) => long?.slice(2)).join(", ");
  return `${path}: there is no setting ${JSON.stringify(key)}; the settings are ${names}`;
}

function isExcluded(command: Command, option: Option): boolean {
  const isSet = (attribute: string) => Boolean(command.getOptionValue(attribute));
  return conflictsOf(option).some(isSet) ||
    command.options.some((other) =>
      conflictsOf(other).includes(option.attributeName()) && isSet(other.attributeName())
    );
}

/** Commander keeps them to itself, and says so in no type. */
function conflictsOf(option: Option): readonly string[] {
  return (option as unknown as { conflictsWith: readonly string[] }).conflictsWith;
}

function atHome(value: unknown, home: string | undefined): unknown {
  if (Array.isArray(value)) return value.map((item) => atHome(item, home));
  if (isTable(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, atHome(one, home)]));
  }
  if (typeof value !== "string" || home === undefined) return value;
  return value.replace(/^(@?)~\//, (_, at) => `${at}${home}/`);
}

/** `undefined` leaves the option alone. */
function readValue(option: Option, value: unknown, where: string): unknown {
  if (option.isBoolean() || option.negate) {
    if (typeof value !== "boolean") throw new ConfigFileError(`${where} must be true or false`);
    return value ? !option.negate : undefined;
  }
  const parts = Array.isArray(value) ? value : [value];
  if (parts.length === 0 || !parts.every(isScalar)) {
    throw new ConfigFileError(`${where} must be a text, a number or a list of them`);
  }
  return readTexts(option, parts.map(String), where);
}

function isScalar(value: unknown): value is string | number | bigint {
  return typeof value === "string" || typeof value === "number" || typeof value === "bigint";
}

/** A list is several `--model`, and one `--tensor-split 3,1`. */
function readTexts(option: Option, texts: readonly string[], where: string): unknown {
  const { argChoices: choices, parseArg } = option;
  try {
    const { repeats } = nodeOption(option.attributeName()) ?? {};
    if (!repeats) return readText(texts.join(","), choices, parseArg);
    return texts.reduce<unknown>((earlier, text) => parseArg?.(text, earlier), undefined);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const rule = error.message.replace(`${option.long} `, "");
    throw new ConfigFileError(`${where} ${rule}`, { cause: error });
  }
}

function readText(
  text: string,
  choices: readonly string[] | undefined,
  parseArg: ((text: string, earlier: undefined) => unknown) | undefined,
): unknown {
  if (choices === undefined) return parseArg === undefined ? text : parseArg(text, undefined);
  if (choices.includes(text)) return text;
  throw new UsageError(`must be one of ${choices.join(", ")}: current value is "${text}"`);
}
