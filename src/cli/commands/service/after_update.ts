/** The services that run an executable which was just replaced: they are started anew, and lose no answer by that. */

import type { Status } from "../../../api/mod.ts";
import { pause } from "../../../base/pause.ts";
import { printable } from "../../../base/printable.ts";
import type { Updated } from "../../update/update.ts";
import { ServiceError } from "../../base/service_error.ts";
import {
  findRunningNode,
  NodeAnswerError,
  NodeNotRunningError,
} from "../../client/running_node.ts";
import { ANSWERS_WAIT_MS } from "./defaults.ts";
import type { ServiceRun } from "./plan.ts";
import type { Service, ServiceStatus } from "./service.ts";
import { type NodeLoad, untilAnswered } from "./until_answered.ts";
import { hasGone, untilReady } from "./until_ready.ts";

/** One that runs the executable. */
export interface FoundService {
  readonly service: Service;
  readonly run: ServiceRun;
  readonly status: ServiceStatus;
  /** The version that its node runs; `null` where none says it. */
  readonly version: string | null;
}

/** `left`: it goes on with its version. `by-root`: so too, since only root may start it anew. */
export type ServiceOutcome = "restarted" | "left" | "by-root" | "failed";

export interface ServiceReport {
  readonly system: boolean;
  readonly outcome: ServiceOutcome;
  /** A sentence for people. */
  readonly text: string;
}

/** Those that can't be asked count as not being there. */
export async function servicesOf(
  executable: string,
  services: readonly Service[],
): Promise<readonly FoundService[]> {
  const found: FoundService[] = [];
  for (const service of services) {
    try {
      const run = await service.run();
      if (run === null || await Deno.realPath(run.executable) !== executable) continue;
      const status = await service.status();
      const node = await askNode(run.dataDir);
      const version = node?.pid === status.pid ? node?.status.version ?? null : null;
      found.push({ service, run, status, version });
    } catch (error) {
      if (!(error instanceof ServiceError || error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return found;
}

/**
 * Whether a node of this version has to be started anew for the executable that is in place. One that can't be asked is started
 * anew after an update, and left alone where there was none. Pure.
 */
export function isBehind(version: string | null, { from, to }: Updated): boolean {
  return from !== to || (version !== null && version !== to);
}

/** Its fate; `null` where it runs no node, so that its next one has the new version in any case. Pure. */
export function outcomeFor(
  { state, system }: Pick<ServiceStatus, "state" | "system">,
  { stays, isRoot }: { readonly stays: boolean; readonly isRoot: boolean },
): Exclude<ServiceOutcome, "failed"> | null {
  if (state !== "running" && state !== "starting") return null;
  if (system && !isRoot) return "by-root";
  return stays ? "left" : "restarted";
}

export interface RestartOptions {
  /** They are left as they are. */
  readonly stays: boolean;
  /** The wait for its answers is called off. */
  readonly signal: AbortSignal;
  /** The cause of the wait, in words for people. */
  readonly tell: (words: string) => void;
}

/** @returns `null` where there is nothing to do and to say */
export async function afterUpdate(
  found: FoundService,
  { stays, signal, tell }: RestartOptions,
): Promise<ServiceReport | null> {
  const { service, run, status } = found;
  const outcome = outcomeFor(status, { stays, isRoot: Deno.uid() === 0 });
  if (outcome === null) return null;
  if (outcome !== "restarted") return report(found, outcome);
  const end = await untilAnswered({
    look: () => loadOf(run.dataDir),
    now: () => performance.now(),
    pause: (ms) => pause(ms, signal),
    tell,
    signal,
  });
  if (end === "stopped") return report(found, "left");
  try {
    await service.restart();
    const now = await untilReady(service, run);
    const told = report({ ...found, status: now }, hasGone(now) ? "failed" : "restarted");
    return end === "late" ? { ...told, text: `${LATE} ${told.text}` } : told;
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return { system: status.system, outcome: "failed", text: error.message };
  }
}

const LATE = `Answers were under way still after ${ANSWERS_WAIT_MS / 60_000} min.`;

function report(
  { service, status, version }: FoundService,
  outcome: ServiceOutcome,
): ServiceReport {
  const { system, pid } = status;
  const goesOn = `The service goes on with ${versionWords(version)}, by pid ${pid}`;
  const texts = {
    restarted: `The service runs the new version, with pid ${pid}`,
    left: `${goesOn}: ${service.restartCommand} starts it anew`,
    "by-root": `${goesOn}. Only root may start it anew: sudo ${service.restartCommand}`,
    failed:
      "The service was started anew, and its node does not stay: mesh-llm service logs says why, and " +
      "mesh-llm update --rollback goes back",
  } satisfies Record<ServiceOutcome, string>;
  return { system, outcome, text: printable(texts[outcome]) };
}

/** As a sentence about a node that was not started anew has it. Pure. */
export function versionWords(version: string | null): string {
  return version === null ? "its version" : `mesh-llm ${version}`;
}

/** A node that says nothing within seconds has nothing to lose by its end. */
async function loadOf(dataDir: string): Promise<NodeLoad | null> {
  const node = await askNode(dataDir);
  if (node === null) return null;
  const { node: { answering = 0 }, tunnels } = node.status;
  const open = tunnels.filter(({ kind, streams }) => kind === "rpc" && streams > 0);
  return { answering, splitBytes: open.reduce((sum, one) => sum + one.bytesReceived, 0) };
}

/** `null` where no node runs, or none that says anything. */
export async function askNode(
  dataDir: string,
): Promise<{ readonly pid: number; readonly status: Status } | null> {
  try {
    const node = await findRunningNode(dataDir);
    return { pid: node.pid, status: await node.get("/api/status") as Status };
  } catch (error) {
    if (error instanceof NodeNotRunningError || error instanceof NodeAnswerError) return null;
    throw error;
  }
}
