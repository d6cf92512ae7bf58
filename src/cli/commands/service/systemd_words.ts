/** The answers of `systemctl show`. Pure. */

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
