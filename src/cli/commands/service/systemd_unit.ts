/** The text of the systemd unit. Pure. */

import { commandOf, MADE_BY, type ServicePlan } from "./plan.ts";
import {
  RESTART_MAX_S,
  RESTART_S,
  RESTART_STEPS,
  RESTART_WITHOUT_STEPS_S,
  SERVICE_STOP_S,
} from "./defaults.ts";

/** The first version of systemd that waits longer after each failure. */
const WITH_STEPS = 254;

export interface UnitOptions {
  readonly systemd: number;
  /** The program by which NVIDIA's driver makes its devices, which needs root's rights; `null` where there is none. */
  readonly nvidiaModprobe: string | null;
}

export function systemdUnit(plan: ServicePlan, options: UnitOptions): string {
  const { user } = plan;
  return [
    `# ${MADE_BY}`,
    "[Unit]",
    "Description=mesh-llm, a node of a mesh that serves language models",
    ...(user === null ? [] : ["Wants=network-online.target", "After=network-online.target"]),
    "StartLimitIntervalSec=0",
    "",
    "[Service]",
    "Type=exec",
    // The colon: a dollar sign is one, in the path as in the words behind it.
    `ExecStart=:${commandOf(plan).map(quoted).join(" ")}`,
    ...Object.entries(plan.environment).map(([name, value]) =>
      `Environment=${quoted(`${name}=${value}`)}`
    ),
    ...(user === null ? [] : [`User=${user.replaceAll("%", "%%")}`]),
    "WorkingDirectory=~",
    ...restarts(options),
    "# The node ends its own llama.cpp. One that the kernel ends for its memory does not end the node.",
    "KillMode=mixed",
    `TimeoutStopSec=${SERVICE_STOP_S}`,
    "OOMPolicy=continue",
    ...(user === null ? ofUser(options) : ofMachine(options)),
    "",
    "[Install]",
    `WantedBy=${user === null ? "default.target" : "multi-user.target"}`,
    "",
  ].join("\n");
}

function restarts({ systemd }: UnitOptions): string[] {
  return [
    "# What mesh-llm stop has ended stays ended; a command line or a config.toml that can't be right stays so.",
    "Restart=on-failure",
    "RestartPreventExitStatus=2",
    ...(systemd >= WITH_STEPS
      ? [
        `RestartSec=${RESTART_S}`,
        `RestartSteps=${RESTART_STEPS}`,
        `RestartMaxDelaySec=${RESTART_MAX_S}`,
      ]
      : [`RestartSec=${RESTART_WITHOUT_STEPS_S}`]),
  ];
}

/** None of these keeps a GPU, or code that is made while it runs, from working. */
const HARMLESS = [
  "UMask=0077",
  "NoNewPrivileges=yes",
  "LockPersonality=yes",
  "RestrictSUIDSGID=yes",
  "RestrictNamespaces=yes",
  "SystemCallArchitectures=native",
];

/** Its service manager has no more rights than the node, so that each of these takes setuid programs away. */
function ofUser({ nvidiaModprobe }: UnitOptions): string[] {
  if (nvidiaModprobe === null) return HARMLESS;
  return [
    `# CUDA calls ${nvidiaModprobe}, which needs more rights than the node has.`,
    "UMask=0077",
  ];
}

function ofMachine({ nvidiaModprobe }: UnitOptions): string[] {
  return [
    ...(nvidiaModprobe === null ? [] : [
      "# The node may not call it by itself. A machine whose card is out goes on without.",
      `ExecStartPre=-+:${quoted(nvidiaModprobe)} -c 0 -u`,
    ]),
    ...HARMLESS,
    "# No ProtectClock, PrivateDevices or DevicePolicy, which hide GPUs; no MemoryDenyWriteExecute, which ends V8.",
    "ProtectSystem=full",
    "ProtectControlGroups=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelLogs=yes",
    "PrivateTmp=yes",
  ];
}

/** One word of a line, as systemd.syntax(7) has it: neither a specifier nor an escape is left in it. */
export function quoted(word: string): string {
  return `"${word.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("%", "%%")}"`;
}
