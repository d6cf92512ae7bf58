/** The kind of word at the end of a command line that is being typed, if it is no command and no option. Pure. */

import type { Command } from "commander";
import type { CompletionKind } from "../config/options/node_option.ts";
import { nodeOptions } from "../config/serve_options.ts";

const DATA_DIR: CompletionKind = { folders: true };

/** By the first argument of a command. */
const OF_COMMANDS: Readonly<Record<string, CompletionKind>> = {
  drop: { models: "disk" },
  rm: { models: "disk" },
  serve: { models: "disk" },
  settings: { models: "disk" },
  plan: { models: "all", files: "models" },
  download: { models: "all" },
  pull: { models: "all" },
  run: { agents: true },
};

/**
 * `null` where commander's own definitions say all there is.
 * @param words after the program's name; the last is the one that is typed, and may be empty
 */
export function completionKind(words: readonly string[], program: Command): CompletionKind | null {
  const typed = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  if (typed.startsWith("-")) return null;
  const [command, ...operands] = withoutOptions(before, program);
  const last = before.at(-1) ?? "";
  if (takesValue(last, program)) return valueKind(last);
  return operands.length === 0 ? OF_COMMANDS[command ?? ""] ?? null : null;
}

function valueKind(flag: string): CompletionKind | null {
  if (flag === "--data-dir") return DATA_DIR;
  const found = nodeOptions().find(([, { flags }]) => flags.startsWith(`${flag} `));
  return found?.[1].completes ?? null;
}

/** The value of an option on the line, where it is there. */
export function valueOn(words: readonly string[], option: string): string | undefined {
  const at = words.lastIndexOf(option, words.length - 2);
  return at === -1 ? undefined : words[at + 1] || undefined;
}

function withoutOptions(words: readonly string[], program: Command): string[] {
  return words.filter((word, index) =>
    !word.startsWith("-") && !takesValue(words[index - 1] ?? "", program)
  );
}

function takesValue(word: string, program: Command): boolean {
  return [program, ...program.commands].some(({ options }) =>
    options.some(({ long, short, required }) => required && (long === word || short === word))
  );
}
