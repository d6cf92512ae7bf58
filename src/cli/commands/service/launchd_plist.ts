/** The text of launchd's property list. Pure. */

import { join } from "node:path";
import { OTHERS } from "../../../base/own_files.ts";
import { RESTART_WITHOUT_STEPS_S, SERVICE_STOP_S } from "./defaults.ts";
import { commandOf, MADE_BY, type ServicePlan } from "./plan.ts";

/** By this name launchd knows the service. */
export const LABEL = "mesh-llm";

/** The file that launchd writes the node's output to. */
export function launchdLog({ dataDir }: Pick<ServicePlan, "dataDir">): string {
  return join(dataDir, "logs", "service.log");
}

type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value };

export function launchdPlist(plan: ServicePlan): string {
  const keys = {
    Label: LABEL,
    ProgramArguments: commandOf(plan),
    EnvironmentVariables: plan.environment,
    WorkingDirectory: plan.home,
    RunAtLoad: true,
    // A node that mesh-llm stop has ended stays ended. launchd's pauses do not grow.
    KeepAlive: { SuccessfulExit: false },
    ThrottleInterval: RESTART_WITHOUT_STEPS_S,
    ExitTimeOut: SERVICE_STOP_S,
    // Any other one is slowed down while somebody works on the machine.
    ProcessType: "Interactive",
    Umask: OTHERS,
    StandardOutPath: launchdLog(plan),
    StandardErrorPath: launchdLog(plan),
  } satisfies Value;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    `<!-- ${MADE_BY} -->`,
    '<plist version="1.0">',
    xml(keys),
    "</plist>",
    "",
  ].join("\n");
}

function xml(value: Value): string {
  switch (typeof value) {
    case "string":
      return `<string>${escaped(value)}</string>`;
    case "number":
      return `<integer>${value}</integer>`;
    case "boolean":
      return value ? "<true/>" : "<false/>";
  }
  if (Array.isArray(value)) return ["<array>", ...value.map(xml), "</array>"].join("\n");
  const pairs = Object.entries(value).flatMap(([key, one]) => [
    `<key>${escaped(key)}</key>`,
    xml(one),
  ]);
  return ["<dict>", ...pairs, "</dict>"].join("\n");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
