import type { CliContext } from "../cli_context.ts";
import type { Command } from "../command.ts";

/** A command line that is being read. */
export interface Asking {
  readonly around: CliContext;
  /** It asks for this. */
  ask(command: Command): void;
}
