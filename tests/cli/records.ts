import type { LogRecord } from "@logtape/logtape";

/** The record that `logger.info("Serving {model}", { model: "guide", event: "serving" })` hands to a sink. */
export function record(
  properties: Record<string, unknown>,
  { message = ["Something happened"], level = "info" }: {
    message?: readonly unknown[];
    level?: LogRecord["level"];
  } = {},
): LogRecord {
  return {
    category: ["mesh-llm"],
    level,
    message,
    rawMessage: "",
    timestamp: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
    properties,
  };
}
