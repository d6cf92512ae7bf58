import { UsageError } from "../../base/usage_error.ts";
import { absolute, dataDirOf } from "../cli_context.ts";
import type { Actions } from "../program/actions.ts";
import type { Asking } from "./asking.ts";

/** The service that the system keeps running. */
export function serviceRequests({ around, ask }: Asking): Pick<
  Actions,
  "serviceInstall" | "serviceUninstall" | "serviceStatus" | "serviceLogs"
> {
  return {
    serviceInstall: ({ system = false, json = false, user, ...options }) => {
      if (user !== undefined && !system) {
        throw new UsageError("--user is for --system: without it the service is your own");
      }
      // Root's environment and home say nothing of the user that the service runs as.
      const dataDir = system ? absolute(options.dataDir, around) : dataDirOf(options, around);
      ask({ kind: "service-install", system, dataDir, user: user ?? null, json });
    },
    serviceUninstall: ({ system = false, json = false }) =>
      ask({ kind: "service-uninstall", system, json }),
    serviceStatus: ({ system = false, json = false }) =>
      ask({ kind: "service-status", system, json }),
    serviceLogs: ({ system = false, json = false, follow = false }) =>
      ask({ kind: "service-logs", system, json, follow }),
  };
}
