/** A log record as one JSON object on one line: docs/command-line.md. */

import { asError } from "../../base/as_error.ts";
import type { LogRecord } from "@logtape/logtape";
import { jsonText } from "../../base/printable.ts";
import type { LogLine } from "../../api/mod.ts";

/** `time`, `level`, `event` and `message` first; nothing that a caller logs can replace them. */
export function jsonLine(record: LogRecord): string {
  const { event: _event, time: _time, level: _level, message: _message, ...fields } =
    record.properties;
  return jsonText({ ...logLine(record), ...fields }, { replacer: plain });
}

/** The same for what keeps a node from starting before anything logs. */
export function errorLine(error: unknown, nowMs: number): string {
  const { name, message } = asError(error);
  const time = new Date(nowMs).toISOString();
  return jsonText({
    time,
    level: "error",
    event: "error",
    message,
    error: { name, message },
  });
}

/** A record as the console shows it. */
export function logLine(record: LogRecord): LogLine {
  return {
    time: new Date(record.timestamp).toISOString(),
    level: record.level,
    event: eventOf(record),
    message: messageOf(record),
  };
}

/** The record's text with its values in place. */
export function messageOf(record: LogRecord): string {
  return record.message.map((part, index) => index % 2 === 0 ? String(part) : valueText(part))
    .join("");
}

function eventOf({ properties: { event } }: LogRecord): string {
  return typeof event === "string" ? event : "log";
}

function valueText(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Error) return value.message;
  return JSON.stringify(value, plain) ?? String(value);
}

/** Values that `JSON.stringify` would drop or refuse. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Error) return { name: value.name, message: value.message };
  return value;
}
