import assert from "node:assert/strict";
import { type Logger, resetSync } from "@logtape/logtape";
import type { LogLine } from "../../../src/api/mod.ts";
import {
  configureLogging,
  type Logging,
  type LoggingOptions,
} from "../../../src/cli/terminal/logging.ts";

const options: LoggingOptions = {
  format: "json",
  terminal: false,
  colour: false,
  verbose: false,
  startCommand: "mesh-llm",
  secrets: true,
  console: true,
};

function logged(
  changed: Partial<LoggingOptions>,
  log: (logger: Logger, logs: Logging["logs"]) => void,
): string {
  let text = "";
  try {
    const { logger, logs } = configureLogging({ ...options, ...changed }, (part) => text += part);
    log(logger, logs);
    return text;
  } finally {
    resetSync();
  }
}

Deno.test("configureLogging() writes every record of every part before the call returns", () => {
  const text = logged({}, (logger) => {
    logger.info("One {n}", { n: 1 });
    logger.getChild("mesh").warn("Two", { event: "peer" });
    logger.debug("Not asked for");
  });
  const lines = text.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.map(({ level, event, message }) => [level, event, message]),
    [["info", "log", "One 1"], ["warning", "peer", "Two"]],
  );
});

Deno.test("configureLogging() shows debug records where they are asked for", () => {
  const text = logged({ verbose: true }, (logger) => logger.debug("Detail"));
  assert.equal(JSON.parse(text).message, "Detail");
});

for (const format of ["json", "pretty"] as const) {
  Deno.test(`configureLogging() keeps invites out of what the system keeps (${format})`, () => {
    const log = (logger: Logger) =>
      logger.info("Ready", {
        event: "ready",
        token: "mesh1_secret",
        api: "http://127.0.0.1:9337",
        console: "http://127.0.0.1:3131",
        signIn: "http://127.0.0.1:3131/#sign-in=secret",
      });
    assert.match(logged({ format, secrets: true }, log), /mesh1_secret|sign-in=secret/);
    const text = logged({ format, secrets: false }, log);
    assert.match(text, /9337[^]*3131|3131[^]*9337/);
    assert.doesNotMatch(text, /secret/);
  });
}

Deno.test("configureLogging() prints for people in the pretty format", () => {
  const text = logged({ format: "pretty", terminal: true }, (logger) => {
    logger.info("Loading", { event: "progress", task: "load", model: "big", fraction: 1 });
    logger.info("Served", { event: "serving", model: "big", mode: "solo", loadMs: 100 });
  });
  const bar = "█".repeat(24);
  const served = "Serving big on this machine, loaded in 0.1 s";
  assert.equal(text, `\r\x1b[KLoading big ${bar} 100 %\r\x1b[K${served}\n`);
});

Deno.test("configureLogging() hands every line to whoever subscribed, until they have enough", () => {
  const lines: LogLine[] = [];
  logged({}, (logger, logs) => {
    const unsubscribe = logs.subscribe((line) => lines.push(line));
    logger.info("Served {model}", { event: "serving", model: "big" });
    unsubscribe();
    logger.info("Later");
  });
  assert.deepEqual(
    lines.map(({ level, event, message }) => [level, event, message]),
    [["info", "serving", "Served big"]],
  );
});
