/** The one place where logging is configured; every other folder is handed a `Logger`. */

import { configureSync, getLogger, type Logger, type LogRecord, type Sink } from "@logtape/logtape";
import type { LogLine } from "../../api/mod.ts";
import { Emitter } from "../../base/emitter.ts";
import { jsonLine, logLine } from "./log_line.ts";
import { pretty, type PrettyOptions } from "./pretty.ts";
import { Screen } from "../base/screen.ts";

export interface LoggingOptions extends PrettyOptions {
  readonly format: "pretty" | "json";
  /** Whether output goes to a terminal, where a line can be drawn anew. */
  readonly terminal: boolean;
  /** The system keeps what is written for weeks, and shows it to its other users: invites stay out of it. */
  readonly secrets: boolean;
}

export interface Logging {
  readonly logger: Logger;
  /** The same records for the console, which shows them as well. */
  readonly logs: { subscribe(listener: (line: LogLine) => void): () => void };
}

const ROOT = "mesh-llm";
/** LogTape's own words. */
const META = ["logtape", "meta"];

/** Records are written before the call that logs them returns, so none is lost at the exit. */
export function configureLogging(options: LoggingOptions, write: (text: string) => void): Logging {
  const lines = new Emitter<LogLine>((error) =>
    getLogger(META).error("A reader of the log failed: {error}", { error })
  );
  configureSync({
    sinks: {
      stdout: withoutSecrets(
        options,
        options.format === "json" ? jsonSink(write) : prettySink(options, write),
      ),
      subscribers: (record) => lines.emit(logLine(record)),
    },
    loggers: [
      {
        category: ROOT,
        sinks: ["stdout", "subscribers"],
        lowestLevel: options.verbose ? "debug" : "info",
      },
      { category: META, sinks: ["stdout"], lowestLevel: "warning" },
    ],
    reset: true,
  });
  return { logger: getLogger(ROOT), logs: { subscribe: (listener) => lines.subscribe(listener) } };
}

/** Fields of events that let somebody in. */
const SECRETS: ReadonlySet<string> = new Set(["token", "signIn", "claim"]);

function withoutSecrets({ secrets }: LoggingOptions, sink: Sink): Sink {
  if (secrets) return sink;
  return (record) => {
    const told = Object.entries(record.properties)
      .map(([name, value]) => [name, SECRETS.has(name) ? null : value]);
    sink({ ...record, properties: Object.fromEntries(told) });
  };
}

function jsonSink(write: (text: string) => void): Sink {
  return (record) => write(jsonLine(record));
}

function prettySink(options: LoggingOptions, write: (text: string) => void): Sink {
  const screen = new Screen(write, { live: options.terminal });
  return (record: LogRecord) => {
    const shown = pretty(record, options);
    if (shown?.kind === "lines") screen.print(shown.text);
    if (shown?.kind === "live") screen.showLive(shown);
  };
}
