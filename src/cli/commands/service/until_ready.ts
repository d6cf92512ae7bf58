/** The node of a service that was just started. */

import { setTimeout as delay } from "node:timers/promises";
import { findRunningNode, NodeNotRunningError } from "../../client/running_node.ts";
import { SERVICE_POLL_MS, SERVICE_START_WAIT_MS } from "./defaults.ts";
import type { ServiceRun } from "./plan.ts";
import type { Service, ServiceStatus } from "./service.ts";

/** Its node answers, or has ended, or takes its time. */
export async function untilReady(
  service: Service,
  { dataDir }: ServiceRun,
): Promise<ServiceStatus> {
  const untilMs = performance.now() + SERVICE_START_WAIT_MS;
  while (true) {
    const status = await service.status();
    const isUp = status.state === "running" || status.state === "starting";
    const node = isUp ? await findRunningNode(dataDir).catch(noneRuns) : null;
    if (!isUp || node?.pid === status.pid || performance.now() > untilMs) return status;
    await delay(SERVICE_POLL_MS);
  }
}

export function noneRuns(error: unknown): null {
  if (error instanceof NodeNotRunningError) return null;
  throw error;
}

/** It was started, and does not stay. */
export function hasGone({ state }: ServiceStatus): boolean {
  return state === "failed" || state === "restarting" || state === "stopped";
}
