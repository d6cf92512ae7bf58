/** `mesh-llm`, `mesh-llm console` and `mesh-llm --client`: a node from its start to its end. */

import type { Setting } from "../../api/mod.ts";
import { finishesWithin } from "../../base/finishes_within.ts";
import { withChanges } from "../../node/config.ts";
import type { RunningNode } from "../../node/mod.ts";
import type { ServeConfig } from "../config/serve_command.ts";
import { LOG_FLUSH_MS, STOP_LIMIT_MS } from "../base/defaults.ts";
import { LogOutput } from "../terminal/log_output.ts";
import { configureLogging, type Logging } from "../terminal/logging.ts";
import { openBrowser } from "../terminal/open_browser.ts";
import { printError } from "../base/output.ts";
import { readInvite } from "../config/read_invite.ts";
import { ProcessEvents, type StopCause } from "../terminal/process_events.ts";
import type { Runtime } from "../terminal/runtime.ts";
import { VERSION } from "../base/version.ts";

/** Resolves with the exit code once the node has stopped. @throws what kept it from starting or broke it. */
export async function runServe(
  asked: ServeConfig,
  settings: readonly Setting[],
  runtime: Runtime,
): Promise<number> {
  // Before signals are listened to: a user who is asked for an invite may still change their mind.
  const { join } = asked.mesh;
  const config = join === null ? asked : withChanges(asked, { mesh: { join: readInvite(join) } });
  const output = new LogOutput(Deno.stdout, {
    onLost: (count) =>
      logging.logger.warn("{count} lines of this log were lost: nobody took them in time", {
        count,
      }),
  });
  const logging = startLogging(config, runtime, output);
  for (const warning of config.warnings) logging.logger.warn("{warning}", { warning });
  using events = new ProcessEvents({
    hangups: runtime.stdoutIsTerminal,
    onImpatience: () => Deno.exit(1),
  });
  try {
    return await serveUntilStopped(config, runtime, { logging, settings, cause: events.cause });
  } catch (error) {
    logging.logger.error("{error}", { event: "error", error });
    throw error;
  } finally {
    await finishesWithin(output.flushed(), LOG_FLUSH_MS);
  }
}

interface ServeParts {
  readonly logging: Logging;
  readonly settings: readonly Setting[];
  readonly cause: Promise<StopCause>;
}

async function serveUntilStopped(
  config: ServeConfig,
  runtime: Runtime,
  { logging, settings, cause }: ServeParts,
): Promise<number> {
  const starting = new AbortController();
  const asked = Promise.withResolvers<StopCause>();
  const onEnd = () => asked.resolve({ kind: "request" });
  const started = start(config, runtime, { ...logging, settings, onEnd }, starting.signal);
  const end = await Promise.race([cause, asked.promise, started.then((node) => node.done)]);
  if (end === undefined) return 0; // the node stopped by itself, in order
  starting.abort();
  const reason = reasonOf(end);
  const inTime = await finishesWithin(stop(started, reason), STOP_LIMIT_MS);
  if (end.kind === "failure") throw end.error;
  if (inTime) return 0;
  printError(`mesh-llm: Some parts did not stop within ${STOP_LIMIT_MS / 1000} s and were left\n`);
  return 1;
}

function reasonOf(end: StopCause): string {
  if (end.kind === "signal") return end.signal;
  return end.kind === "request" ? "mesh-llm stop" : "error";
}

async function start(
  config: ServeConfig,
  runtime: Runtime,
  { logger, logs, settings, onEnd }: Logging & Pick<ServeParts, "settings"> & {
    readonly onEnd: () => void;
  },
  signal: AbortSignal,
): Promise<RunningNode> {
  const { join } = config.mesh;
  if (join !== null) {
    // Before anything is started or installed for it.
    const { parseToken } = await import("../../mesh/mod.ts");
    parseToken(join, Date.now());
  }
  const { startNode } = await import("../../node/mod.ts");
  const { executableDir, path, facts, environment, commands } = runtime;
  const home = facts.home ?? null;
  const node = await startNode(config, {
    logger,
    logs,
    settings,
    signal,
    onEnd,
    executableDir,
    path,
    home,
    environment,
    version: VERSION,
    commands,
  });
  const watched = config.openBrowser && config.logFormat === "pretty" && runtime.desktop;
  if (watched) {
    void openBrowser(node.signInUrl() ?? node.ready.console, { logger, umask: runtime.umask });
  }
  return node;
}

/** A start that was cut short has cleaned up after itself, and its error is the one that was asked for. */
async function stop(started: Promise<RunningNode>, reason: string): Promise<void> {
  const node = await started.catch(() => null);
  await node?.stop(reason);
}

function startLogging(config: ServeConfig, runtime: Runtime, output: LogOutput): Logging {
  return configureLogging({
    format: config.logFormat,
    colour: runtime.colour,
    terminal: runtime.stdoutIsTerminal,
    verbose: runtime.debug,
    startCommand: runtime.commands.start,
    console: config.api.console,
  }, (text) => output.write(text));
}
