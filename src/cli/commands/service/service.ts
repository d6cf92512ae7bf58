/** The service that keeps this program running, whichever system has it. */

import type { ServicePlan, ServiceRun } from "./plan.ts";

/** `restarting`: it failed, and is tried again after a pause. */
export type ServiceState =
  | "running"
  | "starting"
  | "stopping"
  | "restarting"
  | "failed"
  | "stopped";

export interface ServiceStatus {
  readonly installed: boolean;
  /** Of the whole machine, in place of this user. */
  readonly system: boolean;
  /** The unit or the property list, whether it is there or not. */
  readonly file: string;
  /** `null` where none is installed. */
  readonly state: ServiceState | null;
  readonly pid: number | null;
  /** Since it was started by hand or by the boot; `null` where the system does not count. */
  readonly restarts: number | null;
  /** Of its last end, where it has failed. */
  readonly exitCode: number | null;
  /** It runs from the boot to the shutdown, also while its user is logged out. */
  readonly untilShutdown: boolean;
}

export interface LogsRequest {
  readonly follow: boolean;
  readonly json: boolean;
}

export interface Service {
  /** For people: starts its node anew at once. */
  readonly restartCommand: string;
  /**
   * Writes its file and starts it; one that runs is started again, after its answers' time to end. Leaves nothing behind
   * where that fails. @throws {ServiceError}
   */
  install(plan: ServicePlan): Promise<void>;
  /** Ends its node in order and starts it anew; one that does not run stays so. @throws {ServiceError} */
  restart(): Promise<void>;
  /** `null` where there is no service. @throws {ServiceError} */
  run(): Promise<ServiceRun | null>;
  /** @returns whether there was one. @throws {ServiceError} */
  uninstall(): Promise<boolean>;
  /** @throws {ServiceError} */
  status(): Promise<ServiceStatus>;
  /** Prints them. @returns an exit code. @throws {ServiceError} */
  logs(request: LogsRequest): Promise<number>;
}

export interface ServiceOptions {
  /** One of the whole machine, in place of this user. */
  readonly system: boolean;
}
