/** `mesh-llm completions SHELL`, and what the scripts call at each press of the key. */

import tab from "@bomb.sh/tab/commander";
import type { CompleteCommand, CompletionsCommand } from "./command.ts";
import type { Actions } from "./program/actions.ts";
import { createCommands } from "./program/program.ts";

const PROGRAM = "mesh-llm";

/** The library prints by itself. */
export function runCompletions({ shell }: CompletionsCommand): number {
  completion().setup(PROGRAM, PROGRAM, shell);
  return 0;
}

export function runComplete({ words }: CompleteCommand): number {
  completion().parse([...words]);
  return 0;
}

/** Made of the very commands and options that are parsed; none of them is run. */
function completion() {
  const program = createCommands({} as Actions, { write: () => {}, prepare: () => {} });
  return tab(program, { completionCommandName: "completions" });
}
