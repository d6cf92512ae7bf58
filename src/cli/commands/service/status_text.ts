/** The state of the service, for people. Pure. */

import { printableAll } from "../../../base/printable.ts";
import type { ServiceStatus } from "./service.ts";

export function statusText(told: ServiceStatus): string {
  const status = printableAll(told);
  if (status.state === null) return "There is no service: mesh-llm service install\n";
  return [
    `${stateText(status)}, by ${status.file}`,
    ...(status.untilShutdown ? ["It runs from the boot on, also while you are logged out"] : [
      "It runs while you are logged in.",
      LINGERING[status.file.endsWith(".plist") ? "launchd" : "systemd"],
    ]),
    "",
  ].join("\n");
}

const LINGERING = {
  launchd: "macOS ends it when you log out",
  systemd: "So that it runs from the boot on, and goes on when you log out: loginctl enable-linger",
};

function stateText({ state, pid, restarts, exitCode }: ServiceStatus): string {
  switch (state) {
    case "running": {
      const again = restarts ? `; it was started again ${restarts} times` : "";
      return `The service runs with pid ${pid}${again}`;
    }
    case "restarting":
      return `The service's node has ended with code ${exitCode} and is started again soon`;
    case "failed":
      return `The service's node has ended with code ${exitCode} and is not started again`;
    case "starting":
      return "The service starts";
    case "stopping":
      return "The service stops";
    default:
      return "The service is installed and does not run";
  }
}
