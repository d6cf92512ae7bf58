/** `mesh-llm`, `mesh-llm console` and `mesh-llm --client`: a node from its start to its end. */

import type { Setting } from "../../api/mod.ts";
import { finishesWithin } from "../../base/finishes_within.ts";
import { shortenTimeSlices } from "../../base/time_slices.ts";
import { withChanges } from "../../node/config.ts";
import type { ClientInvite, EarlierRequest, RunningNode } from "../../node/mod.ts";
import { keepClientStart } from "../config/last_start.ts";
import { pairedConfig } from "../config/paired_config.ts";
import { type ByCode, clientStart, memberAgain, type NodeStart } from "./node_start.ts";
import type { ServeConfig } from "../config/serve_command.ts";
import { LOG_FLUSH_MS, STOP_LIMIT_MS, TIME_SLICE_NS } from "../base/defaults.ts";
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
  byCode: ByCode | null = null,
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
    const parts = { logging, settings, cause: events.cause };
    let next: NodeStart | number = { config, byCode, member: null };
    while (typeof next !== "number") next = await serveUntilStopped(next, runtime, parts);
    return next;
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

type End = StopCause | {
  /** A member was let in elsewhere as a client, so that it goes on as one. */
  readonly kind: "client";
  readonly config: ServeConfig;
  readonly earlier: EarlierRequest;
};

/** Answers with the exit code, or with the node that takes the place of this one. */
async function serveUntilStopped(
  next: NodeStart,
  runtime: Runtime,
  { logging, settings, cause }: ServeParts,
): Promise<NodeStart | number> {
  const { config } = next;
  const starting = new AbortController();
  const asked = Promise.withResolvers<End>();
  const onEnd = () => asked.resolve({ kind: "request" });
  const becomeClient = ({ token, mesh }: ClientInvite) => {
    const client = pairedConfig(config, { token, role: "client" }, runtime);
    asked.resolve({ kind: "client", config: client, earlier: { mesh, problem: null } });
  };
  const parts = { ...logging, settings, onEnd, becomeClient };
  const started = start(next, runtime, parts, starting.signal);
  const ended = started.then((node) => node.done, (error) => memberAgain(next, error));
  const end = await Promise.race([cause, asked.promise, ended]);
  if (end === undefined) return 0; // the node stopped by itself, in order
  if (isStart(end)) {
    logging.logger.error("{problem}", { problem: end.byCode?.earlier.problem });
    return end;
  }
  starting.abort();
  const inTime = await finishesWithin(stop(started, reasonOf(end)), STOP_LIMIT_MS);
  if (end.kind === "failure") throw end.error;
  if (!inTime) {
    printError(
      `mesh-llm: Some parts did not stop within ${STOP_LIMIT_MS / 1000} s and were left\n`,
    );
    return 1;
  }
  if (end.kind !== "client") return 0;
  return clientStart(end, config, (await started).ready);
}

function isStart(one: NodeStart | End): one is NodeStart {
  return "byCode" in one;
}

function reasonOf(end: End): string {
  switch (end.kind) {
    case "signal":
      return end.signal;
    case "request":
      return "mesh-llm stop";
    case "client":
      return `it goes on as a client of ${end.earlier.mesh.name}'s mesh`;
    case "failure":
      return "error";
  }
}

async function start(
  { config, byCode }: NodeStart,
  runtime: Runtime,
  { logger, logs, settings, onEnd, becomeClient }: Logging & Pick<ServeParts, "settings"> & {
    readonly onEnd: () => void;
    readonly becomeClient: (invite: ClientInvite) => void;
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
  let newerRelease = () => null as string | null;
  const { executableDir, path, facts, environment, commands } = runtime;
  const home = facts.home ?? null;
  const node = await startNode(config, {
    logger,
    logs,
    settings,
    newerRelease: () => newerRelease(),
    signal,
    onEnd,
    pairing: { becomeClient, ...(byCode === null ? {} : { earlier: byCode.earlier }) },
    executableDir,
    path,
    home,
    environment,
    version: VERSION,
    commands,
  });
  // Now that the threads of its network are there.
  shortenTimeSlices(TIME_SLICE_NS);
  if (config.weeklyLook) {
    const { startWeeklyLook } = await import("./weekly_look.ts");
    newerRelease = startWeeklyLook(config.dataDir, { environment, logger, done: node.done });
  }
  const member = byCode?.insteadOf ?? null;
  if (member !== null) await keepClientStart(member);
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
    secrets: !runtime.service,
    startCommand: runtime.commands.start,
    console: config.api.console,
  }, (text) => output.write(text));
}
