/**
 * Everything about one option of a node, in one place: help, config.toml, `config show` and the rest follow from it.
 */

import { type Command, Option } from "commander";
import type { Changes } from "../../../node/config.ts";
import type { CliContext } from "../cli_context.ts";
import type { ServeConfig } from "../serve_command.ts";

/** A variable that stands for an option where no flag does. */
export type OptionVariable = "MESH_LLM_JOIN" | "MESH_LLM_API_KEY";

export interface CompletionKind {
  /** Names of models: those on this disk, on any disk of the mesh, not on this disk, or all that are known. */
  readonly models?: "disk" | "mesh" | "missing" | "all";
  /** Files of models, or any. */
  readonly files?: "models" | "all";
  readonly folders?: true;
  readonly agents?: true;
}

export interface NodeOption<Value> {
  /** As commander takes them. */
  readonly flags: string;
  readonly help: string;
  /** @throws {UsageError} with the option's name. @default the text itself */
  readonly read?: (option: string, text: string) => unknown;
  /** It may be given several times: its value is a list. */
  readonly repeats?: true;
  readonly choices?: readonly string[];
  /** Attributes of options that contradict it. */
  readonly conflicts?: readonly string[];
  /** The option that says the opposite. */
  readonly opposite?: { readonly flags: string; readonly help: string };
  readonly variable?: OptionVariable;
  /** The words that a shell offers for its value. */
  readonly completes?: CompletionKind;
  /** The change that it makes to the configuration. */
  sets(value: Value, around: CliContext): Changes<ServeConfig>;
  /** As `config show` has it; without this, that leaves it out. */
  shows?(config: ServeConfig): unknown;
}

/** Infers what an option's value is. */
export function option<Value>(definition: NodeOption<Value>): NodeOption<Value> {
  return definition;
}

/** A secret is not shown. */
export function hidden(secret: string | null): string | null {
  return secret === null ? null : "(set)";
}

/** Adds options under one heading of the help. */
export function addOptions(
  command: Command,
  heading: string,
  options: Readonly<Record<string, NodeOption<never>>>,
): void {
  for (const one of Object.values(options)) {
    command.addOption(commanderOption(one).helpGroup(heading));
    if (one.opposite === undefined) continue;
    const { flags, help } = one.opposite;
    command.addOption(new Option(flags, help).helpGroup(heading));
  }
}

export function commanderOption(
  { flags, help, read, repeats, choices, conflicts = [] }: NodeOption<never>,
): Option {
  const made = new Option(flags, help).conflicts([...conflicts]);
  if (choices !== undefined) made.choices(choices);
  if (read === undefined) return made;
  const name = made.long ?? flags;
  return made.argParser<unknown>((text, earlier) =>
    repeats
      ? [...(earlier as readonly unknown[] | undefined ?? []), read(name, text)]
      : read(name, text)
  );
}
