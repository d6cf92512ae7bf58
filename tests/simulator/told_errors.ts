import { getLogger, type Logger } from "@logtape/logtape";

const silent = getLogger(["test", "simulator"]);

/**
 * A logger that reports nothing but errors: the program catches errors that must not end it, and they must not happen.
 */
export function toldErrors(tell: (problem: string) => void): Logger {
  const error = (message: string, values: Record<string, unknown> = {}) =>
    tell(message.replaceAll(/\{(\w+)\}/g, (_, name) => String(values[name])));
  return new Proxy(silent, {
    get: (logger, property) => property === "error" ? error : Reflect.get(logger, property),
  });
}
