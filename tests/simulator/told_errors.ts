import { getLogger, type Logger } from "@logtape/logtape";

const silent = getLogger(["test", "simulator"]);

/** A logger that tells of nothing but errors: the program catches what must not end it, and it must not happen. */
export function toldErrors(tell: (problem: string) => void): Logger {
  const error = (message: string, values: Record<string, unknown> = {}) =>
    tell(message.replaceAll(/\{(\w+)\}/g, (_, name) => String(values[name])));
  return new Proxy(silent, {
    get: (logger, property) => property === "error" ? error : Reflect.get(logger, property),
  });
}
