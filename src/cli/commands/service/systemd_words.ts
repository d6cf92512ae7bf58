/** The answers of `systemctl show`, a line of the journal, and the command line of a unit. Pure. */

import { z } from "zod";
import type { ShownLine } from "./show_lines.ts";
import type { ServiceState } from "./service.ts";

/** `Name=value`, one a line. */
export function propertiesOf(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    text.split("\n").filter((line) => line.includes("=")).map((line) => {
      const at = line.indexOf("=");
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
}

/** The folder for units that a user makes by hand: the first that is neither systemd's own nor for a while only. */
export function unitFolder(unitPath: string): string | undefined {
  return unitPath.split(" ").find((folder) =>
    folder.endsWith("/systemd/user") && !/^\/(etc|run|usr|lib)\//.test(folder)
  );
}

export function stateOf(
  { ActiveState = "", SubState = "" }: Readonly<Record<string, string>>,
): ServiceState {
  switch (ActiveState) {
    case "active":
    case "reloading":
      return "running";
    case "activating":
      return SubState.startsWith("auto-restart") ? "restarting" : "starting";
    case "deactivating":
      return "stopping";
    case "failed":
      return "failed";
    default:
      return "stopped";
  }
}

const entry = z.object({
  __REALTIME_TIMESTAMP: z.coerce.number(),
  // Bytes, where it is no text.
  MESSAGE: z.union([
    z.string(),
    z.array(z.number()).transform((bytes) => new TextDecoder().decode(new Uint8Array(bytes))),
  ]).catch(""),
});

export function journalLine(line: string): ShownLine {
  const { __REALTIME_TIMESTAMP: us, MESSAGE } = entry.parse(JSON.parse(line));
  return { time: new Date(us / 1_000).toISOString(), line: MESSAGE };
}

/** The words behind `ExecStart=` of a unit of this program; none where it has none. */
export function execStartOf(unit: string): string[] {
  const [, line = ""] = /^ExecStart=:(.*)$/m.exec(unit) ?? [];
  const words = line.matchAll(/"((?:[^"\\]|\\.)*)"/g);
  return [...words].map(([, word = ""]) => word.replace(/\\(.)/g, "$1").replaceAll("%%", "%"));
}
