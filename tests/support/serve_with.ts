/** The program as it serves, but for what a test changes of it: for modules that run in a process of their own. */

import { configureLogging } from "../../src/cli/terminal/logging.ts";
import { printOut } from "../../src/cli/base/output.ts";
import { parse } from "../../src/cli/config/parse.ts";
import { ProcessEvents } from "../../src/cli/terminal/process_events.ts";
import { readRuntime } from "../../src/cli/terminal/runtime.ts";
import { type Changes, withChanges } from "../../src/node/config.ts";
import { startNode } from "../../src/node/mod.ts";

type Options = Parameters<typeof startNode>[1];

/** Runs a node with the process's own arguments until a signal comes, then ends the process. */
export async function serveWith(
  options: Partial<Options>,
  changes: Changes = {},
): Promise<never> {
  const runtime = readRuntime();
  const config = parse(Deno.args, runtime.environment, runtime.facts);
  if (config.kind !== "serve") throw new Error("This serves and does nothing else");
  using events = new ProcessEvents({ hangups: false, onImpatience: () => Deno.exit(1) });
  const { logger, logs } = configureLogging({
    format: config.logFormat,
    colour: false,
    terminal: false,
    verbose: false,
    startCommand: runtime.commands.start,
    secrets: true,
    console: config.api.console,
  }, printOut);
  const node = await startNode(withChanges(config, changes), {
    logger,
    logs,
    signal: new AbortController().signal,
    executableDir: runtime.executableDir,
    path: runtime.path,
    home: null,
    version: "test",
    commands: runtime.commands,
    ...options,
  });
  await events.cause;
  await node.stop("the test is over");
  Deno.exit(0);
}
