/** The arguments of llama-server that a user may set for a model. Pure. */

import { ALLOWED, type Door } from "./allowed_arguments.ts";
import { FORBIDDEN_FAMILIES, REFUSED, SET_INSTEAD } from "./refused_arguments.ts";

/** More than llama-server has for one model, and few enough for a command line. */
const MAX_MODEL_ARGUMENTS = 128;

/** A long template is a few ten thousand characters; Linux takes 128 KiB for one argument. */
const MAX_ARGUMENT_CHARS = 65_536;

const ARGUMENT = /^-[-a-z]/i;

export type { Door } from "./allowed_arguments.ts";

/** The arguments as llama-server takes them, or a sentence that names the one that is refused. */
export type JudgedArguments =
  | { readonly kind: "allowed"; readonly args: readonly string[] }
  | { readonly kind: "refused"; readonly reason: string };

/**
 * Judges arguments by their names, each with its value behind it or behind `=`. llama.cpp knows no abbreviations, but takes
 * `_` for `-` in long names.
 * @param door `api`: whoever manages the node. `file`: who may write its `config.toml`.
 */
export function judgeArguments(given: readonly string[], door: Door): JudgedArguments {
  if (given.length > MAX_MODEL_ARGUMENTS) {
    return refused(`more than ${MAX_MODEL_ARGUMENTS} arguments`);
  }
  const args: string[] = [];
  for (let index = 0; index < given.length; index++) {
    const word = given[index]!;
    const { name, value } = partsOf(word);
    const known = ALLOWED.get(name);
    const reason = whyNot(name, word, door);
    if (reason !== null || known === undefined) return refused(reason ?? word);
    if (!known.takesValue) {
      if (value !== undefined) return refused(`${name} takes no value`);
      args.push(name);
      continue;
    }
    const text = value ?? given[++index];
    const fault = faultOf(text);
    if (text === undefined || fault !== null) return refused(`${name} ${fault}`);
    args.push(name, text);
  }
  return { kind: "allowed", args };
}

/** The first argument that this llama-server does not know. */
export function unknownArgument(
  args: readonly string[],
  flags: ReadonlySet<string>,
): string | undefined {
  const names = namesIn(args);
  return names.find((name) => !flags.has(name));
}

function namesIn(args: readonly string[]): string[] {
  const names: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const name = args[index]!;
    names.push(name);
    if (ALLOWED.get(name)?.takesValue) index++;
  }
  return names;
}

function partsOf(word: string): { readonly name: string; readonly value?: string } {
  const at = word.startsWith("-") ? word.indexOf("=") : -1;
  const name = at === -1 ? word : word.slice(0, at);
  const spelt = name.startsWith("--") ? name.replaceAll("_", "-") : name;
  return at === -1 ? { name: spelt } : { name: spelt, value: word.slice(at + 1) };
}

function whyNot(name: string, word: string, door: Door): string | null {
  if (!name.startsWith("-")) return `${JSON.stringify(word)} is no argument: names begin with -`;
  const instead = SET_INSTEAD.get(name);
  if (instead !== undefined) return `${name} is refused, for this node sets it: use ${instead}`;
  const why = REFUSED.get(name);
  if (why !== undefined) return `${name} is refused, for ${why}`;
  const known = ALLOWED.get(name);
  if (known?.door === "file" && door === "api") {
    return `${name} is refused here: only config.toml of this machine may have it`;
  }
  if (known !== undefined) return null;
  return FORBIDDEN_FAMILIES.test(name)
    ? `${name} is refused, for it opens more than the model`
    : `${name} is refused: it is none of the arguments that a model may have`;
}

/** Completes a sentence that begins with the argument's name. */
function faultOf(value: string | undefined): string | null {
  if (value === undefined || value === "") return "needs a value";
  if (value.length > MAX_ARGUMENT_CHARS) {
    return `has a value of more than ${MAX_ARGUMENT_CHARS} characters`;
  }
  if (value.includes("\0")) return "has a value with a zero character";
  // The next argument, whose value was forgotten; no value of those that are allowed begins so, but numbers may be below 0.
  return ARGUMENT.test(value) ? `needs a value, and ${value} is an argument` : null;
}

function refused(reason: string): JudgedArguments {
  return { kind: "refused", reason };
}
