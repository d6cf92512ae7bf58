/** The kind of word at the end of a command line that is being typed, if it is no command and no option. Pure. */

import type { Command, Option } from "commander";
import type { CompletionKind } from "../config/options/node_option.ts";
import { nodeOptions } from "../config/serve_options.ts";

const DATA_DIR: CompletionKind = { folders: true };

/** By the first argument of a command, whichever of its names is typed. */
const OF_COMMANDS: Readonly<Record<string, CompletionKind>> = {
  chat: { models: "mesh" },
  drop: { models: "disk" },
  rm: { models: "disk" },
  serve: { models: "disk" },
  settings: { models: "disk" },
  plan: { models: "all", files: "models" },
  download: { models: "missing" },
  run: { agents: true },
};

/** Of options that mean something else than the node's of that name, or are none of the node's. */
const OF_OPTIONS: Readonly<Record<string, CompletionKind>> = {
  "make --model": { models: "mesh" },
  "run --model": { models: "mesh" },
};

/**
 * `null` where commander's own definitions say all there is.
 * @param words after the program's name; the last is the one that is typed, and may be empty
 */
export function completionKind(words: readonly string[], program: Command): CompletionKind | null {
  const typed = words.at(-1) ?? "";
  if (typed.startsWith("-")) return null;
  const { command, operands, awaits, isEnded } = readLine(words.slice(0, -1), program);
  if (isEnded) return null;
  if (awaits !== null) return valueKind(command.name(), awaits);
  // Another API has other models, and a key that is pressed asks nobody on the network.
  if (command.name() === "chat" && words.some((word) => /^--api(=|$)/.test(word))) return null;
  const isTop = command.parent === program;
  return isTop && operands === 0 ? OF_COMMANDS[command.name()] ?? null : null;
}

function valueKind(command: string, { long, short }: Option): CompletionKind | null {
  const flag = long ?? short ?? "";
  if (flag === "--data-dir") return DATA_DIR;
  const own = OF_OPTIONS[`${command} ${flag}`];
  if (own !== undefined) return own;
  const found = nodeOptions().find(([, { flags }]) => flags.startsWith(`${flag} `));
  return found?.[1].completes ?? null;
}

/** The value of an option on the line, where it is there. */
export function valueOn(words: readonly string[], option: string): string | undefined {
  const at = words.lastIndexOf(option, words.length - 2);
  return at === -1 ? undefined : words[at + 1] || undefined;
}

interface Line {
  /** The one that the next word belongs to. */
  readonly command: Command;
  /** How many words it was given that are neither commands nor options. */
  readonly operands: number;
  /** The option whose value comes next. */
  readonly awaits: Option | null;
  /** Behind `--` a line is for somebody else. */
  readonly isEnded: boolean;
}

function readLine(words: readonly string[], program: Command): Line {
  let command = program;
  let operands = 0;
  let awaits: Option | null = null;
  for (const word of words) {
    if (awaits !== null) {
      awaits = null;
    } else if (word === "--") {
      return { command, operands, awaits, isEnded: true };
    } else if (word.startsWith("-")) {
      const option = command.options.find(({ long, short }) => long === word || short === word);
      awaits = option?.required === true ? option : null;
    } else {
      const sub = operands > 0
        ? undefined
        : command.commands.find((one) => one.name() === word || one.aliases().includes(word));
      if (sub === undefined) operands++;
      else command = sub;
    }
  }
  return { command, operands, awaits, isEnded: false };
}
